import { enableMapSet, produce } from "immer";

enableMapSet();

export default () => {
  const before = { items: [{ n: 1 }, { n: 2 }], tags: new Set(["a"]) };
  const after = produce(before, (draft) => {
    draft.items[0].n = 9;
    draft.tags.add("b");
  });
  return [before.items, after.items, [...after.tags], before.items[1] === after.items[1]];
};
