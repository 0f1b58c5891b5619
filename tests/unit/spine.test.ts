/**
 * Tests the path from a request to Docker: compares the files on the call stack with their list.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { console as inspectorConsole, type Runtime, Session } from "node:inspector";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { expect, it } from "vitest";
import { SPINE } from "../../scripts/spine.mjs";
import { buildApp } from "../../server/app.ts";
import { config } from "../../src/config/config.ts";
import { ContainerLauncher } from "../../src/engines/container/launcher.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { CONTRACT_POOL } from "../contract/engine-contract.ts";
import { storelessServices } from "../helpers/services.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Calls from each file to the next one, the last one to Docker. */
const CALLS = [
  "replyModes.respond(",
  "runs.run(",
  "kernel.execute(",
  "engine.execute(",
  "pool.acquire(",
  "launcher.launch(",
  "docker.createContainer(",
];

/** Files that call back into their caller: to open a span, to run hooks of plugins, or to enter what was used. */
const HELPERS = ["src/base/tracing.ts", "src/plugins/hooks.ts", "src/plugins/run-account.ts"];

/** Makes a Docker Engine with network namespaces that refuses every sandbox by `refuses`. */
function dockerThat(refuses: () => never): Docker {
  const holder = {
    id: "holder",
    start: async () => {},
    inspect: async () => ({ State: { Running: true } }),
    remove: async () => {},
  };
  return {
    getImage: () => ({ inspect: async () => ({}) }),
    createContainer: async ({ HostConfig }: ContainerCreateOptions) =>
      HostConfig?.NetworkMode?.startsWith("container:") ? refuses() : holder,
  } as unknown as Docker;
}

/** Keeps the stack of the caller of `mark()`, across all awaits. */
function watchStack() {
  let trace: Runtime.StackTrace | undefined;
  const session = new Session();
  session.connect();
  session.post("Runtime.enable");
  session.post("Debugger.enable");
  session.post("Debugger.setAsyncCallStackDepth", { maxDepth: 1_000 });
  session.on("Runtime.consoleAPICalled", ({ params }) => {
    trace ??= params.stackTrace;
  });
  return {
    mark: () => inspectorConsole.trace("docker.createContainer()"),
    /** Files of the product, the innermost first. */
    files: (): string[] => {
      const files: string[] = [];
      for (let part = trace; part !== undefined; part = part.parent) {
        files.push(...part.callFrames.filter(({ url }) => url.startsWith("file:")).map(pathOf));
      }
      return files.filter((path) => /^(src|server)\//.test(path));
    },
    close: () => session.disconnect(),
  };
}

function pathOf({ url }: Runtime.CallFrame): string {
  return relative(ROOT, fileURLToPath(url));
}

it("seven files lead from POST /execute to docker.createContainer(), and no other", async () => {
  const directory = await mkdtemp(join(tmpdir(), "isolate-"));
  const instance = await Instance.create(directory);
  const stack = watchStack();
  const docker = dockerThat(() => {
    stack.mark();
    throw new Error("There are no containers here");
  });
  const launcher = new ContainerLauncher({ docker, instance, image: () => "image" });
  const engine = new PooledEngine(launcher, { ...CONTRACT_POOL, onError: () => {} });
  const kernel = new Kernel({ config: config(), engines: [engine], useCluster: false });
  const services = storelessServices(kernel);
  const app = buildApp({ services, maxBody: 10_000, onError: () => {} });
  try {
    const response = await app.request("/execute", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code: "export default () => 1", tools: ["channel"] }),
    });
    expect(response.status).toBe(503);
    const all = stack.files();
    const below = all.slice(0, all.lastIndexOf(SPINE[0] ?? "") + 1);
    expect(new Set(below)).toEqual(new Set([...SPINE, ...HELPERS]));
    const path = below.filter((file) => !HELPERS.includes(file));
    const visited = path.filter((file, index) => file !== path[index - 1]);
    // A file that was entered again would appear twice.
    expect(visited).toEqual([...SPINE].reverse());
    expect(SPINE.length).toBeLessThanOrEqual(7);
  } finally {
    stack.close();
    await kernel.close();
    await instance.close();
    await rm(directory, { recursive: true });
  }
});

it("each of them says whom it calls, and the architecture names them in this order", async () => {
  for (const [index, file] of SPINE.entries()) {
    const text = await readFile(join(ROOT, file), "utf8");
    expect(text.replace("this.#launcher", "launcher"), file).toContain(CALLS[index]);
  }
  const architecture = await readFile(join(ROOT, "docs/architecture.md"), "utf8");
  const places = SPINE.map((file) => architecture.indexOf(file));
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
});
