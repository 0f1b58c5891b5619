import { readFileSync } from "node:fs";
import { join } from "node:path";
import { takeEnvironment } from "../../bin/environment.js";
import type { Command } from "../../cli/command/define.ts";
import { main } from "../../cli/command/main.ts";
import { CLIENT_COMMANDS } from "../../cli/commands/client-commands.ts";
import { PACKAGE_ROOT } from "../../src/base/package-root.ts";

const { version, description } = JSON.parse(
  readFileSync(join(PACKAGE_ROOT, "package.json"), "utf8"),
) as { version: string; description: string };

const lazy = (description: string, load: () => Promise<Command>) => ({ description, load });
/** Commands that run here, and take the settings of the environment. */
const SERVER_COMMANDS = {
  start: lazy("Runs the server", () => import("./start.ts").then(({ start }) => start)),
  doctor: lazy("Looks at this host, and says what to do", () =>
    import("./doctor.ts").then(({ doctor }) => doctor),
  ),
  mcp: lazy("Offers a server's tools to a client that starts programs", () =>
    import("./mcp.ts").then(({ mcp }) => mcp),
  ),
  tenant: lazy("Moves tenants between stores", () =>
    import("./tenant.ts").then(({ tenant }) => tenant),
  ),
};

const words = process.argv.slice(2);
const isServers = Object.hasOwn(SERVER_COMMANDS, words[0] ?? "");
await main({
  root: {
    meta: { name: "isolate", description },
    subCommands: { ...SERVER_COMMANDS, ...CLIENT_COMMANDS },
  },
  // The server's commands take their settings themselves, which only the first who asks gets.
  env: isServers ? process.env : takeEnvironment(),
  version,
  words,
  signalled: Object.keys(SERVER_COMMANDS),
});
