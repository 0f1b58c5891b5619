/** Runs what the other programs have, by the names of the package. `program.test.ts` compares the lines. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createIsolate } from "isolate";
import { config, DEFAULT_CONFIG } from "isolate/config";
import {
  ChannelPlugin,
  ClusterPlugin,
  GuardPlugin,
  LoaderPlugin,
  LoggerPlugin,
  PermissionPlugin,
  SandboxPlugin,
  ToolsetPlugin,
} from "isolate/plugins";
import type { IsolatePlugin } from "isolate/types";
import { random, same, scope, titles } from "./helpers.js";
import { alone, both, check, hosts, local, server, wild } from "./permissions.js";
import { brief, measuring } from "./plugins.js";
import { all, install, simpleLogger } from "./tools.js";

console.log("helpers:", same, await titles(), Object.keys(scope()));
console.log("random:", random.getRandomValues(new Uint8Array(8)).length, "subtle" in random);
console.log("permissions:", both, alone, server, { wild, hosts, local });
console.warn = console.log;
check({ net: ["*"] });
console.log("tools:", Object.keys(all), Object.keys(await install([simpleLogger])));

const plugins = [
  [GuardPlugin, ToolsetPlugin, LoaderPlugin, PermissionPlugin],
  [SandboxPlugin, ChannelPlugin, ClusterPlugin, LoggerPlugin],
].flat();
for (const { name, required = [] } of plugins) console.log("plugin:", name, required.join(" "));
const { timeout, maxSize, port, strict, audit } = DEFAULT_CONFIG;
console.log("defaults:", { timeout, maxSize, port, strict, audit });

const runDirectory = await mkdtemp(join(tmpdir(), "isolate-"));
let started = 0;
const counting: IsolatePlugin = {
  name: "counting",
  setup(api) {
    api.onSpawn.tap(() => {
      started += 1;
    });
    api.onExecute.tap(async (context) => context);
  },
};

const fresh = await createIsolate({
  runDirectory,
  plugins: [SandboxPlugin, counting],
  config: { timeout: 20_000 },
});
const before = started;
const output = await fresh.execute({ code: "export default (x) => x * 2", input: 21 });
console.log("fresh:", output.result, started - before);
await fresh.close();

const watched = await createIsolate({
  runDirectory,
  plugins: [measuring, brief],
  config: config({ sandbox: "none" }),
});
const code = "export default () => { for (let n = 0; n < 150; n += 1) console.log(n) }";
const { logs = [] } = await watched.execute({ code });
console.log("log:", logs.length, logs[0]?.message, logs.at(-1)?.message);
await watched.close();
await rm(runDirectory, { recursive: true });
