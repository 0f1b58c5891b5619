import Mustache from "mustache";

export default () =>
  Mustache.render(
    "{{title}}:{{#items}} {{name}}{{> unit}}{{/items}}{{^items}}none{{/items}} {{{raw}}}",
    {
      title: "a & b",
      items: [
        { name: "tea", n: 2 },
        { name: "rice", n: 3 },
      ],
      raw: "<i>",
    },
    { unit: "({{n}})" },
  );
