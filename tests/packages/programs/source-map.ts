import { SourceMapConsumer, SourceMapGenerator } from "source-map";

export default async () => {
  const made = new SourceMapGenerator({ file: "min.js" });
  made.addMapping({
    source: "a.ts",
    original: { line: 33, column: 2 },
    generated: { line: 10, column: 35 },
    name: "tea",
  });
  return SourceMapConsumer.with(made.toJSON(), null, (map) => [
    map.originalPositionFor({ line: 10, column: 35 }),
    map.sources,
  ]);
};
