import { defineCommand } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { printJson, printTable } from "../terminal/print.ts";

/** `isolate nodes`: the servers that share the store, by the operator's key. */
export const nodes = defineCommand({
  meta: {
    name: "nodes",
    description: "Lists the servers that share the store, by the operator's key",
    examples: ["isolate nodes --profile operator"],
  },
  args: SERVER_FLAGS,
  async run({ args, context }) {
    const { admin } = await clientFor(args, context);
    const found = await admin.nodes();
    if (args.json) return printJson({ nodes: found });
    const rows = found.map((each) => [
      each.address,
      each.version,
      each.capacity,
      each.draining ? "about to end" : each.alive ? "alive" : "silent",
      each.seen,
    ]);
    printTable(["ADDRESS", "VERSION", "SANDBOXES", "STATE", "SEEN"], rows, "There are none");
  },
});
