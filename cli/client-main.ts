/** Command line of the package that has the client alone. */
import { readFileSync } from "node:fs";
import { main } from "./command/main.ts";
import { CLIENT_COMMANDS } from "./commands/client-commands.ts";

const { version } = JSON.parse(
  readFileSync(new URL("./package.json", import.meta.url), "utf8"),
) as { version: string };

await main({
  root: {
    meta: { name: "isolate", description: "Runs and deploys code on a server of Isolate" },
    subCommands: CLIENT_COMMANDS,
  },
  env: process.env,
  version,
  words: process.argv.slice(2),
});
