import Handlebars from "handlebars";

Handlebars.registerHelper("loud", (text: string) => `${text.toUpperCase()}!`);
const page = Handlebars.compile(
  "{{loud title}}{{#each items}} {{@index}}:{{this.name}}{{else}} none{{/each}} {{{raw}}} {{raw}}",
);

export default () => [
  page({ title: "stock", items: [{ name: "tea" }, { name: "rice" }], raw: "<b>" }),
  page({ title: "x", items: [] }),
];
