/** Tests that Deno gives a Worker exactly the permissions of its plan. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import type { PlannedWorker } from "../../src/permissions/plan.ts";
import { planned } from "../helpers/plan.ts";

const run = promisify(execFile);
const deno = new URL("../../node_modules/.bin/deno", import.meta.url).pathname;

/**
 * Converts permissions for Deno: an empty list becomes `false`, and the host `*` becomes `true`.
 */
function emitted({ net, ...rest }: PlannedWorker): Record<string, unknown> {
  const all = { ...rest, net: net.includes("*") ? true : net };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [
      key,
      Array.isArray(value) && value.length === 0 ? false : value,
    ]),
  );
}

/** Returns the states that Deno reports in a Worker with these permissions. */
async function states(worker: PlannedWorker, probes: readonly object[]): Promise<string[]> {
  const inside = `Promise.all(${JSON.stringify(probes)}.map((p) => Deno.permissions.query(p)))
    .then((all) => postMessage(all.map(({ state }) => state)))`;
  const url = `data:text/javascript,${encodeURIComponent(inside)}`;
  const outside = `const worker = new Worker(${JSON.stringify(url)}, {
    type: "module", deno: { permissions: ${JSON.stringify(emitted(worker))} } });
    worker.onmessage = ({ data }) => { console.log(JSON.stringify(data)); Deno.exit() }`;
  const main = `data:text/javascript,${encodeURIComponent(outside)}`;
  const flags = ["run", "-A", "--unstable-worker-options", "--no-config", main];
  const { stdout } = await run(deno, flags, { timeout: 20_000 });
  return JSON.parse(stdout) as string[];
}

type Probe = readonly [granted: boolean, probe: object];
const net = (host: string) => ({ name: "net", host });

describe.each<[string, PlannedWorker, Probe[]]>([
  [
    "of some of everything",
    planned(
      {
        net: ["x.org", "Y.org:22", "[2001:503:0::1]:80", "*.z.org:443"],
        ...{ read: ["/data/a", "/tmp"], write: ["/tmp/w"], env: ["TOKEN"], sys: ["cpus"] },
      },
      { wildcards: true },
    ).worker,
    [
      [true, net("x.org:80")],
      [true, net("x.org:443")],
      [false, net("x.org:22")],
      [false, net("x.org")],
      [false, net("a.x.org:80")],
      [true, net("y.org:22")],
      [true, net("[2001:503::1]:80")],
      [true, net("a.b.z.org:443")],
      [false, net("a.z.org:80")],
      [false, net("az.org:443")],
      // Wider than its words, as the module says; the way out of the container is not.
      [true, net("z.org:443")],
      [true, { name: "read", path: "/data/a/b" }],
      [false, { name: "read", path: "/data" }],
      [true, { name: "read", path: "/tmp" }],
      [true, { name: "write", path: "/tmp/w" }],
      [false, { name: "write", path: "/tmp" }],
      [true, { name: "env", variable: "TOKEN" }],
      [false, { name: "env", variable: "TOKEN2" }],
      [true, { name: "sys", kind: "cpus" }],
      [false, { name: "sys", kind: "uid" }],
      [false, { name: "run", command: "sh" }],
      [false, { name: "ffi", path: "/tmp" }],
      [false, { name: "import", host: "x.org:443" }],
    ],
  ],
  [
    "of every host",
    planned({ net: ["*", "x.org"] }, { wildcards: true }).worker,
    [
      [true, net("anything.org:1")],
      [false, { name: "env" }],
    ],
  ],
  [
    "of nothing",
    planned("none").worker,
    [
      ...["net", "read", "write", "env", "sys", "run", "ffi", "import"].map(
        (name): Probe => [false, { name }],
      ),
    ],
  ],
  [
    "of each kind of system information",
    planned({ sys: ["hostname", "osRelease", "userInfo", "getPriority", "statfs"] }).worker,
    [
      ...["hostname", "osRelease", "userInfo", "getPriority", "statfs"].map(
        (kind): Probe => [true, { name: "sys", kind }],
      ),
    ],
  ],
])("a Worker with the plan %s", (_, worker, probes) => {
  let actual: string[];
  beforeAll(async () => {
    actual = await states(
      worker,
      probes.map(([, probe]) => probe),
    );
  });

  it.each(
    probes.map(([granted, probe], index) => ({ index, granted, probe: JSON.stringify(probe) })),
  )("$probe granted: $granted", ({ index, granted }) =>
    expect(actual[index] === "granted").toBe(granted),
  );
});
