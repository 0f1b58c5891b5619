/**
 * Tests the protections around a sandbox while a second one runs. No path leads to the other's
 * sockets, to files of the host, to the engine, or around the proxy. Then each hole is made alone,
 * and found.
 */
import { stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ContainerCreateOptions } from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineSocket } from "../../src/engines/container/docker.ts";
import { Label } from "../../src/engines/container/flags.ts";
import type { Sandbox } from "../../src/engines/contract/contract.ts";
import { until } from "../contract/engine-contract.ts";
import { EgressLaboratory, METADATA_ADDRESS } from "./egress-laboratory.ts";
import { type EgressSite, grants, type Runner, runIn } from "./egress-site.ts";
import { grantAll } from "./probe-sandbox.ts";
import { type Found, SEARCH, type Search } from "./walls-probe.ts";

type Hole = "a neighbour's directory" | "the engine's socket" | "a host's directory" | "a network";

const ENGINE = engineSocket(process.env.DOCKER_HOST);
const FILE = "hosts-own";

let laboratory: EgressLaboratory;
let site: EgressSite;
let neighbour: Sandbox;
let engineGroup: string;
let holes: readonly Hole[] = [];
beforeAll(async () => {
  engineGroup = String((await stat(ENGINE)).gid);
  laboratory = await EgressLaboratory.open();
  site = await laboratory.site([], adjust);
  await writeFile(join(site.instance.runDirectory, FILE), "");
  // The neighbour has a grant that the searching sandbox has not, and keeps it.
  neighbour = await site.launch("open");
  const stay = `export default async () => {
    await fetch("http://up.test/neighbour");
    await new Promise(() => setInterval(() => {}, 1000)) }`;
  void runIn(neighbour, grants([], ["up.test"]), stay);
  await until(async () => (await laboratory.servers.up.notes()).length > 0);
});
afterAll(async () => {
  await neighbour.destroy();
  await laboratory.close();
});

/**
 * Removes protections that would hide a hole, Deno's permissions and the user. Then makes the
 * wanted holes.
 */
function adjust(created: ContainerCreateOptions): ContainerCreateOptions {
  const host = created.HostConfig ?? {};
  if (created.Labels?.[Label.kind] === "network") {
    if (holes.includes("a network")) host.NetworkMode = laboratory.network;
    return created;
  }
  grantAll(host, created);
  created.User = `${process.getuid?.()}:${process.getgid?.()}`;
  host.GroupAdd = [engineGroup];
  const [slot = ""] = host.Binds?.[0]?.split(":") ?? [];
  const binds: Readonly<Record<string, string>> = {
    "a neighbour's directory": `${dirname(slot)}:/run/neighbours:ro`,
    "the engine's socket": `${ENGINE}:/run/docker.sock`,
    "a host's directory": `${site.instance.runDirectory}:/srv:ro`,
  };
  host.Binds = [...(host.Binds ?? []), ...holes.flatMap((hole) => binds[hole] ?? [])];
  return created;
}

async function search(runner: Runner, made: readonly Hole[]): Promise<Found> {
  const { instance } = site;
  const socket = `${instance.directory}/${neighbour.id}/egress.sock`;
  const input: Search = {
    guesses: [
      ...["", "/proc/1/root", "/proc/self/root", "/proc/self/cwd", "/run/isolate"].map(
        (root) => `${root}${socket}`,
      ),
      `/run/isolate/../${neighbour.id}/egress.sock`,
      `/run/isolate/../${neighbour.id}/control.sock`,
      `${instance.directory}/${neighbour.id}/control.sock`,
      "/run/isolate/control.sock",
      `/run/isolate/egress.sock/../../${neighbour.id}/egress.sock`,
      `/run/neighbours/${neighbour.id}/egress.sock`,
      `${instance.directory}/egress/admin.sock`,
      ENGINE,
      "/run/docker.sock",
    ],
    file: FILE,
    files: [join(instance.runDirectory, FILE), `/proc/1/root/${FILE}`, `/srv/${FILE}`],
    web: laboratory.servers.metadata.address,
    names: laboratory.servers.names.address,
  };
  holes = made;
  await site.dropNetworks();
  try {
    const { result, ending } = await site.run(
      runner,
      grants(["metadata.test:80"], ["metadata.test"]),
      SEARCH,
      input,
    );
    if (result === undefined) throw new Error(JSON.stringify(ending));
    return result as Found;
  } finally {
    holes = [];
    await site.dropNetworks();
  }
}

const OWN = "/run/isolate/egress.sock";

describe("a sandbox that holds every permission", () => {
  it("finds its own way to the proxy alone, no file of the host's, and no way for packets", async () => {
    const { sockets, through, files, packets } = await search("open", []);
    // The control socket's file is deleted as soon as it has been dialled.
    expect(sockets).toEqual([OWN]);
    const { [OWN]: own, ...others } = through;
    expect(own).toContain("HOST_NOT_ALLOWED");
    expect(Object.keys(others).length).toBeGreaterThan(10);
    for (const [path, answer] of Object.entries(others)) {
      expect([path, answer]).toEqual([path, expect.stringMatching(/^(NotFound|NotADirectory)$/)]);
    }
    expect(files).toEqual([]);
    expect(packets.web).not.toContain("reached");
    expect(packets.names).not.toContain(METADATA_ADDRESS);
  });

  it("would have the other one's grants, and the proxy's own socket, in a directory above", async () => {
    const { sockets, through } = await search("open", ["a neighbour's directory"]);
    expect(sockets).toContain("/run/neighbours/egress/admin.sock");
    expect(through[`/run/neighbours/${neighbour.id}/egress.sock`]).toContain(
      "reached /_ping of up",
    );
  });

  it("would have the engine, were its socket there", async () => {
    const { through } = await search("open", ["the engine's socket"]);
    expect(through["/run/docker.sock"]).toMatch(/^HTTP\/1.1 200 OK.*OK$/s);
  });

  it("would have the host's files, were they there", async () => {
    expect((await search("open", ["a host's directory"])).files).toEqual([`/srv/${FILE}`]);
  });

  it("would send packets past the proxy, had it a network", async () => {
    const { packets } = await search("open", ["a network"]);
    expect(packets.web).toContain("of metadata");
    expect(packets.names).toBe(METADATA_ADDRESS);
  });
});

describe("a sandbox with every hole there is", () => {
  const all: Hole[] = [
    "a neighbour's directory",
    "the engine's socket",
    "a host's directory",
    "a network",
  ];

  it("is held by the Worker alone", async () => {
    const { sockets, through, files, packets } = await search("real", all);
    expect([sockets, files]).toEqual([[], []]);
    expect(new Set(Object.values(through))).toEqual(new Set(["NotCapable"]));
    expect(Object.values(packets)).toEqual(["NotCapable", "NotCapable"]);
  });

  it("is not without it", async () => {
    const { through, files, packets } = await search("open", all);
    expect(through["/run/docker.sock"]).toContain("200 OK");
    expect(through[`/run/neighbours/${neighbour.id}/egress.sock`]).toContain("of up");
    expect(files).toHaveLength(1);
    expect(packets.names).toBe(METADATA_ADDRESS);
  });
});
