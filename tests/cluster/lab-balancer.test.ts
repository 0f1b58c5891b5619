/** Tests deploy/haproxy/haproxy.cfg by Debian's HAProxy. */
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { certificateFor } from "../helpers/certificate.ts";
import { Cleanup, directory } from "../helpers/egress.ts";
import { fencesOf } from "../helpers/markdown.ts";
import { pageAt } from "../helpers/pages.ts";
import { type Balanced, balance } from "./lab/balancer.ts";
import type { Answer } from "./lab/front-door.ts";
import { hasLab } from "./lab/has-lab.ts";
import type { StandInNode } from "./lab/stand-in-node.ts";

const cleanup = new Cleanup();
let balanced: Balanced;

const keyOf = (number: number, secret = "s"): string =>
  `isolate_${number.toString(16).padStart(16, "0")}_${secret.repeat(43)}`;
const post = (path: string, key?: string): Promise<Answer> =>
  balanced.door.ask("POST", path, {}, key);

/** Lists the nodes that have read requests of a path. */
const nodesOf = (path: string): StandInNode[] =>
  balanced.nodes.filter(({ asked }) => asked.includes(path));

/** Returns the node that takes a request, alone. */
async function homeOf(path: string, key?: string): Promise<string> {
  for (const { asked } of balanced.nodes) asked.length = 0;
  expect((await post(path, key)).status).toBe(200);
  const [node, ...others] = nodesOf(path);
  expect(others).toEqual([]);
  return node?.address ?? "";
}

async function homesOf(paths: readonly string[], key?: string): Promise<string[]> {
  const homes = [];
  for (const path of paths) homes.push(await homeOf(path, key));
  return homes;
}

/** Starts HAProxy, and waits until it uses all nodes. It looks for them within a second. */
async function ready(changed?: (text: string) => string): Promise<Balanced> {
  balanced = await balance(cleanup, changed);
  await until(() =>
    post("/healthz").then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  await until(async () => new Set(await homesOf(FUNCTIONS)).size === 3, 100);
  return balanced;
}

/** Not by threes, so that nodes by turns would be others the next time. */
const FUNCTIONS = Array.from({ length: 25 }, (_, index) => `/f/acme/function-${index}`);

describe.skipIf(!hasLab)("HAProxy", () => {
  beforeAll(async () => {
    balanced = await ready();
  });
  afterAll(() => cleanup.run());

  it("sends a function's requests to one node, whatever their path, and other functions to others", async () => {
    const homes = await homesOf(FUNCTIONS);
    expect(new Set(homes).size).toBe(3);
    expect(await homesOf(FUNCTIONS)).toEqual(homes);
    expect(await homesOf(FUNCTIONS.map((path) => `${path}/deep/path?a=/b`))).toEqual(homes);
    expect(await homesOf(FUNCTIONS, keyOf(1))).toEqual(homes);
  });

  it("goes by a key's id and the function's name for calls with a key, and by no secret", async () => {
    const path = "/functions/greet/invoke";
    const homes = [];
    for (let key = 0; key < 13; key += 1) homes.push(await homeOf(path, keyOf(key)));
    for (let key = 0; key < 13; key += 1) {
      expect(await homeOf(path, keyOf(key, "t"))).toBe(homes[key]);
    }
    const others = Array.from({ length: 13 }, (_, index) => `/functions/name-${index}/invoke`);
    expect(new Set(homes).size).toBe(3);
    expect(new Set(await homesOf(others, keyOf(1))).size).toBe(3);
  });

  it("goes by the key's id for /execute, and by load for the rest", async () => {
    const homes = [];
    for (let key = 0; key < 13; key += 1) homes.push(await homeOf("/execute", keyOf(key)));
    for (let key = 0; key < 13; key += 1) {
      expect(await homeOf("/execute", keyOf(key))).toBe(homes[key]);
    }
    expect(new Set(homes).size).toBe(3);
    for (const key of [undefined, "a".repeat(64), "isolate_none", keyOf(1)]) {
      const anywhere = [];
      for (let n = 0; n < 6; n += 1) anywhere.push(await homeOf("/executions", key));
      expect(new Set(anywhere).size).toBe(3);
      if (key !== keyOf(1)) expect(await homeOf("/execute", key)).not.toBe("");
    }
  });

  it("passes on what is more than twice the mean", async () => {
    const path = "/f/acme/busy";
    for (const node of balanced.nodes) node.behaviour = "hold";
    const open = Array.from({ length: 12 }, () => post(path));
    const read = () =>
      balanced.nodes.map(({ asked }) => asked.filter((one) => one === path).length);
    await until(() => read().reduce((sum, one) => sum + one, 0) === 12);
    expect(Math.max(...read())).toBeLessThanOrEqual(8);
    for (const node of balanced.nodes) node.release();
    expect((await Promise.all(open)).map(({ status }) => status)).toEqual(open.map(() => 200));
  });

  it("sends nothing twice that a node has read", async () => {
    for (const path of ["/execute", "/f/acme/fragile", "/executions"]) {
      for (const node of balanced.nodes) {
        node.behaviour = "hang up";
        node.asked.length = 0;
      }
      // HAProxy closes a connection that has had an earlier answer, and has 502 for a new one.
      const outcome = await post(path, keyOf(1)).then(({ status }) => status, String);
      expect([502, "Error: socket hang up"]).toContain(outcome);
      expect(balanced.nodes.flatMap(({ asked }) => asked.filter((one) => one === path))).toEqual([
        path,
      ]);
      for (const node of balanced.nodes) node.behaviour = "answer";
    }
  });

  it("leaves a node that is not ready, and goes back", async () => {
    const homes = await homesOf(FUNCTIONS);
    const [node] = balanced.nodes as [StandInNode];
    node.ready = false;
    await until(async () => !(await homesOf(FUNCTIONS)).includes(node.address), 100);
    const meanwhile = await homesOf(FUNCTIONS);
    const stayed = homes.map((home, index) => home === node.address || home === meanwhile[index]);
    expect(stayed).not.toContain(false);
    node.ready = true;
    await until(async () => (await homesOf(FUNCTIONS)).includes(node.address), 100);
    expect(await homesOf(FUNCTIONS)).toEqual(homes);
  });

  it("takes the file with the changes of the page for machines without a swarm", async () => {
    const folder = await directory(cleanup);
    const { key, cert } = certificateFor("isolate.test");
    await writeFile(join(folder, "tls.pem"), key + cert);
    const servers = fencesOf(pageAt("docs/operate/swarm.md").text).find(({ text }) =>
      text.includes(" id 1"),
    );
    const changed = pageAt("deploy/haproxy/haproxy.cfg")
      .text.replace("/run/secrets/isolate_tls", join(folder, "tls.pem"))
      .replace(/^resolvers [\s\S]*?\n\n/m, "")
      .replaceAll(" resolvers docker", "")
      .replaceAll(/^ *server-template .*$/gm, servers?.text ?? "");
    await writeFile(join(folder, "haproxy.cfg"), changed);
    const checked = spawnSync("haproxy", ["-c", "-f", join(folder, "haproxy.cfg")]);
    expect(`${checked.stderr}`).not.toMatch(/ALERT|WARNING/);
    expect(checked.status).toBe(0);
  });

  // Last, because the node does not come back.
  it("fails no request of a node that takes no connection", async () => {
    const homes = await homesOf(FUNCTIONS);
    const [node] = balanced.nodes as [StandInNode];
    node.stop();
    const after = await homesOf(FUNCTIONS);
    expect(after).not.toContain(node.address);
    expect(homes).toContain(node.address);
  });

  // Controls: with a mechanism off, requests fail that the tests above and those of the lab see answered.
  it("fails what a node runs that leaves without a drain", async () => {
    const [, node] = balanced.nodes as [StandInNode, StandInNode];
    const homes = await homesOf(FUNCTIONS);
    const path = FUNCTIONS[homes.indexOf(node.address)] ?? "";
    node.behaviour = "hold";
    for (const { asked } of balanced.nodes) asked.length = 0;
    const running = post(path);
    await until(() => node.asked.length === 1);
    node.stop();
    await expect(running).rejects.toThrow("socket hang up");
    expect(nodesOf(path)).toEqual([node]);
  });

  it("fails requests of a node that takes no connection, without its retries at others", async () => {
    await ready((text) =>
      text.replace("retries 3", "retries 0").replace("option redispatch 1", "no option redispatch"),
    );
    const [node] = balanced.nodes as [StandInNode];
    const homes = await homesOf(FUNCTIONS);
    const lost = FUNCTIONS.filter((_path, index) => homes[index] === node.address);
    expect(lost).not.toEqual([]);
    node.stop();
    expect((await post(lost[0] ?? "")).status).toBe(503);
  });
});
