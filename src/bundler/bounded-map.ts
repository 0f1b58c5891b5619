/** Bounds source maps. It runs in a confined process. */
import { decodedMappings, encodedMap, TraceMap } from "@jridgewell/trace-mapping";
import { ESM_MARK } from "./package-fault.ts";

/** Characters of the source map of packages, beside that of the function itself. */
const MAX_MAP = 393_216;

/**
 * Returns a map with the names of files as they are. If it is too large, it has one place for each line,
 * and if that is too large, nothing.
 */
export function boundedMap(text: string): string {
  const map = JSON.parse(text) as { sources: string[]; names: string[]; mappings: string };
  const sources = map.sources.map((source) => source.replace(ESM_MARK, ""));
  const whole = JSON.stringify({ version: 3, sources, names: [], mappings: map.mappings });
  // Names are those that the bundler has changed. Nothing reads them.
  if (whole.length <= MAX_MAP) return whole;
  const lines = decodedMappings(new TraceMap(text)).map((line) =>
    line.slice(0, 1).map(([column, source = 0, at = 0, from = 0]) => [column, source, at, from]),
  );
  const decoded = { version: 3, sources, names: [], mappings: lines };
  const thin = JSON.stringify(encodedMap(new TraceMap(decoded as never)));
  return thin.length <= MAX_MAP ? thin : "";
}
