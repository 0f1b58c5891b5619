import hljs from "highlight.js";
import core from "highlight.js/lib/core";
import json from "highlight.js/lib/languages/json";

core.registerLanguage("json", json);

export default () => [
  hljs.highlight("const a: number = 1;", { language: "typescript" }).value,
  hljs.highlightAuto("SELECT name FROM tea WHERE n > 1").language,
  core.highlight('{"a": 1}', { language: "json" }).value,
];
