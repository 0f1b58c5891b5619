import { spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { expect, it } from "vitest";
import {
  confinable,
  confinedCommand,
  type HostConfinement,
  newUser,
} from "../../../../src/confined-process/host-confinement.ts";

const isRoot = process.getuid?.() === 0;
const host = await confinable();

/** Returns the output of a shell that runs confined. */
function said(script: string, confinement: HostConfinement = {}): string {
  const [file = "", ...args] = confinedCommand(host, ["/bin/sh", "-c", script], confinement);
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: "utf8", env: {}, cwd: "/" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.trim();
}

it("runs the command as the very process that was started", () => {
  const [file = "", ...args] = confinedCommand(host, ["/bin/sh", "-c", "echo $$"]);
  const { pid, stdout } = spawnSync(file, args, { encoding: "utf8", env: {} });
  expect(stdout.trim()).toBe(String(pid));
});

it.skipIf(host.network === "none")("leaves it no network but a loopback that is down", () => {
  const lines = said("cat /proc/net/dev; cat /proc/net/route").split("\n");
  const interfaces = lines.filter((line) => /^ *\S+:/.test(line));
  expect(interfaces).toEqual([expect.stringMatching(/^ *lo:/)]);
  expect(said("readlink /proc/self/ns/net")).not.toBe(readlinkSync("/proc/self/ns/net"));
});

it("leaves it the host's network if it is to have that", () => {
  const network = said("readlink /proc/self/ns/net", { network: true });
  expect(network).toBe(readlinkSync("/proc/self/ns/net"));
});

it.runIf(isRoot)("makes it another user, without privileges or a way to any", () => {
  const user = newUser(host);
  const status = said("cat /proc/self/status", { user, groups: [12_345] });
  for (const name of ["Uid", "Gid"]) {
    expect(status).toMatch(new RegExp(`^${name}:(\t${user}){4}$`, "m"));
  }
  expect(status).toMatch(/^Groups:\t12345 ?$/m);
  for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    expect(status).toMatch(new RegExp(`^${name}:\t0+$`, "m"));
  }
  expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  // Files that only the operator may read stay closed.
  expect(said("cat /etc/shadow 2>/dev/null || echo refused", { user })).toBe("refused");
});

it.runIf(isRoot)("gives no two processes the same user", () => {
  const users = Array.from({ length: 100 }, () => newUser(host));
  expect(new Set(users).size).toBeGreaterThan(98);
});

it("limits what it takes of the host", () => {
  const user = newUser(host);
  const limits = { nofile: 77, core: 0, fsize: 1_024, ...(user && { nproc: 5 }) };
  const script =
    "ulimit -n; ulimit -Hn; head -c 2000 /dev/zero > /dev/shm/$$; echo $?; rm /dev/shm/$$";
  const [soft, hard, failed] = said(`(${script}) 2>/dev/null`, { user, limits }).split("\n");
  expect([soft, hard]).toEqual(["77", "77"]);
  expect(Number(failed)).toBeGreaterThan(0);
  // A shell that may not fork ends with its own error.
  if (user === undefined) return;
  const [file = "", ...args] = confinedCommand(
    host,
    ["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"],
    { user, limits },
  );
  expect(spawnSync(file, args, { encoding: "utf8", env: {} }).stderr).toMatch(/fork/i);
});
