import pMap, { pMapSkip } from "p-map";

export default () =>
  pMap(["tea", "", "rice"], async (word) => (word === "" ? pMapSkip : word.length), {
    concurrency: 2,
  });
