import { Minimatch, minimatch } from "minimatch";

export default () => [
  minimatch("src/a/b.ts", "src/**/*.ts"),
  minimatch.braceExpand("x{1..3}.{js,ts}"),
  ["a.js", "b.txt"].filter(minimatch.filter("*.js")),
  new Minimatch("!(a|b)*").match("cat"),
];
