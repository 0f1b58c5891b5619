import debug from "debug";

export default () => {
  const lines: string[] = [];
  const log = debug("shop:orders");
  log.log = (...args: unknown[]) => lines.push(args.join(" "));
  log("nobody listens");
  debug.enable("shop:*,-shop:secrets");
  log("order %d by %s", 7, "ada");
  const enabled = [log.enabled, debug.enabled("shop:secrets")];
  debug.disable();
  // A time comes first where the output is no terminal.
  return [lines.length, enabled, lines[0]?.slice(lines[0].indexOf("shop"))];
};
