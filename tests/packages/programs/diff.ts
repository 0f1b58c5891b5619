import { applyPatch, createPatch, diffChars, diffJson } from "diff";

export default () => {
  const patch = createPatch("a.txt", "one\ntwo\n", "one\n2\n");
  return [
    diffChars("tea", "ten").map(({ value, added, removed }) => [value, added, removed]),
    patch,
    applyPatch("one\ntwo\n", patch),
    diffJson({ a: 1 }, { a: 2 }).length,
  ];
};
