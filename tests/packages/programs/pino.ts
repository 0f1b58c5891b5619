import pino from "pino";

export default () => {
  const lines: string[] = [];
  const options = { base: { shop: 1 }, timestamp: false, redact: ["card"] };
  const log = pino(options, { write: (line: string) => lines.push(line) });
  log.info({ order: 7, card: "4111" }, "sold %s", "tea");
  log.debug("not said");
  log.child({ user: "ada" }).error(new Error("no tea"));
  return [lines.length, lines[0], JSON.parse(lines[1] ?? "{}").err.message];
};
