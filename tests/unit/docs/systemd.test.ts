/** Tests deploy/systemd by systemd's own check, and against compose.yaml and the server's settings. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readSettings } from "../../../server/settings.ts";
import { ROOT } from "../../helpers/pages.ts";

const UNITS = ["isolate.service", "isolate-egress.service"] as const;
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const unit = (name: (typeof UNITS)[number]): string => read(`deploy/systemd/${name}`);
const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

const folder = mkdtempSync(join(tmpdir(), "isolate-units-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Returns the value of a line, of which there is one. */
function valueIn(text: string, key: string): string {
  const values = [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))];
  expect(values).toHaveLength(1);
  return values[0]?.[1] ?? "";
}

/** Returns what systemd says of a unit whose programs are those of this clone. */
function faultsOf(text: string, name: string): string {
  const path = join(folder, name);
  const here = text
    .replaceAll("/usr/bin/node", process.execPath)
    .replace(/linux-x64(-glibc)/, `linux-${process.arch}$1`)
    .replaceAll("/opt/isolate", ROOT.slice(0, -1));
  writeFileSync(path, here);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path]);
  return status === 0 ? String(stderr) : `${status}: ${stderr}`;
}

describe.skipIf(!hasSystemd)("systemd", () => {
  it.each(UNITS)("takes %s", (name) => {
    expect(faultsOf(unit(name), name)).toBe("");
  });

  it.each([
    ["a program that is missing", "/usr/bin/node", "/usr/bin/none"],
    ["a setting that it does not know", "OOMPolicy=", "OOMPolity="],
    ["a value that it does not know", "KillMode=mixed", "KillMode=some"],
  ])("notices %s", (_what, from, to) => {
    expect(faultsOf(unit("isolate.service").replace(from, to), "bad.service")).not.toBe("");
  });
});

describe("the server's unit", () => {
  const text = unit("isolate.service");

  it("has settings that the server takes, and waits for longer than they let it run", () => {
    const [, ...given] = valueIn(text, "Environment").split(" ");
    const env = Object.fromEntries(given.map((pair) => pair.split("=") as [string, string]));
    const { drain, drainDelay } = readSettings(env);
    // Beyond it, what is left is removed for up to 20 s.
    const stop = Number(valueIn(text, "TimeoutStopSec")) * 1_000;
    expect(drain + drainDelay + 20_000).toBeLessThan(stop);
    expect(env.ISOLATE_RUN_DIR).toBe(`/run/${valueIn(text, "RuntimeDirectory")}`);
    expect(env.ISOLATE_STORE_URL).toBe(`/var/lib/${valueIn(text, "StateDirectory")}/store`);
  });
});

describe("the proxy's unit", () => {
  const text = unit("isolate-egress.service");
  const { egress } = parse(read("compose.yaml").replace(/\$\{\w+:-([^}]*)\}/g, "$1")).services;

  it("starts it with the rights that it has in compose.yaml", () => {
    const [, ...args] = valueIn(text, "ExecStart").split(" ");
    const command = args.map((arg) => arg.replace("/opt/isolate/dist/programs", "/egress"));
    expect(command).toEqual(egress.command);
    expect(valueIn(text, "MemoryMax").toLowerCase()).toBe(egress.mem_limit);
    expect(Number(valueIn(text, "TasksMax"))).toBe(egress.pids_limit);
    expect([valueIn(text, "CapabilityBoundingSet"), valueIn(text, "NoNewPrivileges")]).toEqual([
      "",
      "yes",
    ]);
  });
});
