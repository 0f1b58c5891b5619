import { dump, load } from "js-yaml";

export default () => [
  load("shop: tea\nitems:\n  - {name: green, n: 2}\n  - name: black\nopen: true"),
  dump({ list: [1, "two", null], nested: { a: "multi\nline" } }),
];
