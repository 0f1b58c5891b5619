/**
 * Tests alternating policies on a warm pool. Each execution has its own grants, and none of the
 * earlier ones. Most run in processes with the same kernel, pool and runner. A
 * container's start would cost several times as much. `npm run soak` runs 300 in containers.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Config, config } from "../../src/config/config.ts";
import { readRunner, writeRunner } from "../../src/deno/runner.ts";
import { DockerSupervisor } from "../../src/engines/container/docker-supervisor.ts";
import { ensureRunnerImage } from "../../src/engines/container/runner-image.ts";
import type { Engine } from "../../src/engines/contract/contract.ts";
import { DenoProcessLauncher } from "../../src/engines/deno-process/launcher.ts";
import { Instance } from "../../src/engines/instance/instance.ts";
import { PooledEngine } from "../../src/engines/run/pooled-engine.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { TestNetwork, type WebNote } from "../container/test-network.ts";
import { until } from "../contract/engine-contract.ts";
import { docker } from "../helpers/containers.ts";
import { SOAK } from "../helpers/soak.ts";
import { TRY_EVERYTHING } from "./grants-probe.ts";

const secret = (): string => randomBytes(8).toString("hex");
const ENV = { X: secret(), Y: secret() };
const FILE = secret();

/** Possible grants → the text that shows them in an execution's result. */
const MARKS = {
  "host a": "reached /fetch of a",
  "host b": "reached /fetch of b",
  "tunnel to a": "reached /tunnel of a",
  "tunnel to b": "reached /tunnel of b",
  "variable X": ENV.X,
  "variable Y": ENV.Y,
  "the file": FILE,
  "something left": "left-behind",
};
type Mark = keyof typeof MARKS;

/** Kind of sandbox. In an `open` container, the Worker has all permissions of its process. */
type Kind = "container" | "open" | "isolated";

/** Marks that a kind never shows. A Worker makes no raw connections, and a process has no /tmp. */
const NEVER: Readonly<Record<Kind, RegExp>> = {
  container: /^tunnel/,
  open: /^$/,
  isolated: /^(tunnel|something left)/,
};

let directory: string;
let network: TestNetwork;
let settings: Config;
/** Addresses of the two servers as `host:port`. */
let hosts: readonly [a: string, b: string];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "alternating-"));
  const data = join(directory, "data");
  await mkdir(data);
  await writeFile(join(data, "file"), FILE);
  const image = await ensureRunnerImage(docker, await readRunner(), () => {});
  network = await TestNetwork.open(docker, image);
  const serve = (name: string) => network.serve<WebNote>({ program: ["web.ts", name] });
  const [a, b] = await Promise.all([serve("a"), serve("b")]);
  hosts = [`${a.address}:80`, `${b.address}:80`];
  settings = config({
    // A process sees only paths of the host.
    mounts: { "/data": data, [data]: data },
    env: ENV,
    isolatedNet: true,
    egress: { private: [...hosts] },
  });
});
afterAll(async () => {
  await network.close();
  await rm(directory, { recursive: true });
});

interface Policy {
  readonly permissions: NonNullable<ExecuteRequest["permissions"]>;
  readonly has: readonly Mark[];
}

function policies(data: string): readonly Policy[] {
  const [a, b] = hosts;
  return [
    { permissions: {}, has: [] },
    { permissions: { net: [a], env: ["X"] }, has: ["host a", "tunnel to a", "variable X"] },
    { permissions: { net: [b], read: [data] }, has: ["host b", "tunnel to b", "the file"] },
    { permissions: { env: ["Y"] }, has: ["variable Y"] },
  ];
}

function everything(kind: Kind, data: string): Policy {
  const all = { net: [...hosts], env: ["X", "Y"] };
  const permissions =
    kind === "isolated"
      ? { ...all, read: [data] }
      : { ...all, read: [data, "/tmp"], write: ["/tmp"] };
  return { permissions, has: Object.keys(MARKS) as Mark[] };
}

async function open(kind: Kind, instance: Instance): Promise<Engine> {
  const read = Object.keys(settings.mounts);
  const reach = { env: ["X", "Y", "LEFT"], net: true, read, write: [], sys: true };
  const pool = {
    profile: { memory: settings.memory, cpus: settings.cpus },
    min: 4,
    max: 10,
    idle: 60_000,
    prepared: 4,
    startConcurrency: 3,
    maxWaiting: 1,
    healthInterval: 60_000,
    onError: () => {},
  };
  const bundle = await readRunner(kind === "open" ? "inherit" : "none");
  if (kind === "isolated") {
    const runnerDirectory = join(directory, "runner");
    await writeRunner(bundle, runnerDirectory);
    const instanceDirectory = instance.directory;
    return new PooledEngine(
      new DenoProcessLauncher({ instanceDirectory, runnerDirectory, reach }),
      pool,
    );
  }
  let proxy = false;
  const { engine } = new DockerSupervisor({
    docker,
    instance,
    bundle,
    pool,
    reach: { ...reach, read: [...read, "/tmp"], write: ["/tmp"] },
    egress: settings.egress,
    log: (line) => {
      proxy ||= line.includes("egress proxy is ready");
    },
  });
  await until(() => proxy);
  return engine;
}

/** Returns the marks that an execution showed. */
async function marksOf(kernel: Kernel, request: ExecuteRequest): Promise<Mark[]> {
  const output = await kernel.execute({ ...request, timeout: 20_000 });
  if (!output.ok) throw new Error(JSON.stringify(output));
  const text = JSON.stringify(output.result);
  return (Object.keys(MARKS) as Mark[]).filter((mark) => text.includes(MARKS[mark]));
}

const TIMES: readonly (readonly [kind: Kind, times: number])[] = SOAK
  ? [
      ["container", 300],
      ["open", 100],
    ]
  : [
      ["container", 8],
      ["open", 4],
      ["isolated", 24],
    ];

describe("alternating policies", { timeout: SOAK ? 1_200_000 : 240_000 }, () => {
  it.each(TIMES)("are kept apart in sandboxes of the kind %s, %d times", async (kind, times) => {
    const instance = await Instance.create(join(directory, kind));
    const engine = await open(kind, instance);
    const kernel = new Kernel({ config: settings, engines: [engine] });
    const data = kind === "isolated" ? join(directory, "data") : "/data";
    const input = { hosts, file: `${data}/file`, twice: false };
    const request = { code: TRY_EVERYTHING, sandbox: engine.level };
    const shown = (marks: readonly Mark[]) => marks.filter((mark) => !NEVER[kind].test(mark));
    try {
      const all = policies(data);
      for (let at = 0; at < times; at += 1) {
        const { permissions, has } = all[at % all.length] as Policy;
        const marks = await marksOf(kernel, { ...request, permissions, input });
        expect([at, marks]).toEqual([at, shown(has)]);
      }
      // Each grant works, and leftovers exist for the execution that made them.
      const { permissions, has } = everything(kind, data);
      const twice = { ...input, twice: true };
      expect(await marksOf(kernel, { ...request, permissions, input: twice })).toEqual(shown(has));
    } finally {
      await kernel.close();
      await instance.close();
    }
  });
});
