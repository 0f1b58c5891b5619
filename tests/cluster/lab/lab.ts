import { randomBytes } from "node:crypto";
import { Postgres } from "../../../dev/postgres.ts";
import { readRunner } from "../../../src/deno/runner.ts";
import { ensureRunnerImage } from "../../../src/engines/container/runner-image.ts";
import { docker as hostDocker } from "../../helpers/containers.ts";
import { ensureIsolateImages } from "../../helpers/isolate-images.ts";
import { HAPROXY, publicOrStandIn } from "../../helpers/stand-ins.ts";
import { makeFolder, removeLab, removeLeftovers } from "./leftovers.ts";
import { Machine } from "./machine.ts";
import { LabNames } from "./names.ts";
import { makeBridge, makeNamespace } from "./network.ts";

/** Last numbers of the machines' addresses. */
const STORE = 2;
const NODES = [11, 12, 13];
const PORT = 5_432;
/** Images besides those of the sandboxes, by the names in stack.yaml. */
const IMAGES = ["isolate-control-plane:1", "isolate-control-plane:2", "isolate-egress:1", HAPROXY];

/** Three machines with an engine and one with PostgreSQL, which reach each other and nothing else. */
export class Lab {
  readonly names: LabNames;
  readonly nodes: readonly Machine[];
  readonly postgres: Postgres;

  private constructor(names: LabNames, nodes: readonly Machine[], postgres: Postgres) {
    this.names = names;
    this.nodes = nodes;
    this.postgres = postgres;
  }

  /** Makes a lab, and removes those that were left by runs that have been killed. */
  static async create(): Promise<Lab> {
    await removeLeftovers();
    const names = new LabNames(randomBytes(2).toString("hex"));
    await makeFolder(names);
    try {
      await makeBridge(names);
      const [nodes, postgres] = await Promise.all([makeNodes(names), startPostgres(names)]);
      return new Lab(names, nodes, postgres);
    } catch (error) {
      await removeLab(names);
      throw error;
    }
  }

  get first(): Machine {
    return this.nodes[0] as Machine;
  }

  async remove(): Promise<void> {
    await this.postgres.stop();
    await removeLab(this.names);
  }
}

async function startPostgres(names: LabNames): Promise<Postgres> {
  const network = await makeNamespace(names, "store", STORE);
  const place = { address: names.address(STORE), port: PORT };
  return Postgres.start({}, { directory: names.directory, network, ...place });
}

/** Makes machines that have all images, and switches them on. */
async function makeNodes(names: LabNames): Promise<Machine[]> {
  const nodes = [];
  for (const last of NODES) {
    nodes.push(await Machine.create(names, `node-${last - (NODES[0] ?? 0) + 1}`, last));
  }
  const [first, ...others] = nodes as [Machine, ...Machine[]];
  await first.start();
  await loadImages(first);
  await first.stop();
  for (const other of others) await other.takeImages(first);
  await Promise.all(nodes.map((node) => node.start()));
  return nodes;
}

/** Loads what this host has been able to build or to pull: the machines reach no registry. */
async function loadImages(machine: Machine): Promise<void> {
  const built = await ensureIsolateImages();
  const haproxy = await publicOrStandIn(HAPROXY);
  const runner = await ensureRunnerImage(hostDocker, await readRunner(), () => {});
  const sources = [built["control-plane"], built["control-plane"], built.egress, haproxy];
  await machine.load([...new Set(sources), runner]);
  for (const [index, name] of IMAGES.entries()) {
    const [repo = "", tag = ""] = name.split(":");
    await machine.docker.getImage(sources[index] ?? "").tag({ repo, tag });
  }
}
