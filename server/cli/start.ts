import { defineCommand } from "../../cli/command/define.ts";

/** `isolate start`: runs the server with the settings of the environment. */
export const start = defineCommand({
  meta: { name: "start", description: "Runs the server" },
  async run() {
    await import("../main.ts");
  },
});
