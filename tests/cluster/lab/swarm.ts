import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pageAt, ROOT } from "../../helpers/pages.ts";
import { SOAK } from "../../helpers/soak.ts";
import { FrontDoor } from "./front-door.ts";
import type { Lab } from "./lab.ts";
import type { Machine } from "./machine.ts";
import { type LabStep, labSteps } from "./steps.ts";

const PAGE = "docs/operate/swarm.md";
const FRONT = "deploy/haproxy/haproxy.cfg";
const FILES = ["stack.yaml", FRONT];
/** Sandboxes of a node. A soak has room for all functions on two nodes. */
const MOST = SOAK ? 64 : 16;
/** Settings that keep the sandboxes of three nodes few. */
const SETTINGS = `
ISOLATE_POOL_MIN=1
ISOLATE_POOL_PREPARED=0
ISOLATE_POOL_MAX=${MOST}
ISOLATE_REUSE_TOTAL=${MOST - 1}
ISOLATE_REUSE_IDLE=600000
ISOLATE_TENANT_SANDBOX=container,isolated
`;
const NAME = "isolate.test";
const PORT = 443;
const WITHIN = 120_000;
const LOOK_EVERY = 200;

/** A swarm on a lab's machines, brought up by the commands of the page about it. */
export class Swarm {
  readonly #lab: Lab;
  readonly #steps: readonly LabStep[] = labSteps(pageAt(PAGE));
  readonly #done = new Set<string>();
  /** Folder in which the operator's files are. */
  readonly #directory: string;
  #env: Record<string, string> = {};
  adminKey = "";

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#directory = join(lab.names.directory, "operator");
  }

  /** Runs all steps up to a served request. Returns what the last one prints. */
  async up(): Promise<string> {
    await mkdir(join(this.#directory, "deploy/haproxy"), { recursive: true });
    for (const file of FILES) await cp(join(ROOT, file), join(this.#directory, file));
    this.#env = {
      NODE_1: this.#lab.first.address,
      ISOLATE_STORE_URL: this.#lab.postgres.url(),
      NAME,
    };
    await this.run("run directory");
    const [token = ""] = (await this.run("first")).slice(-1);
    this.#env.TOKEN = token.trim().split("\n").at(-1) ?? "";
    for (const name of ["join", "labels", "certificate", "secrets", "settings"]) {
      await this.run(name);
    }
    const settings = join(this.#directory, "stack.env");
    await writeFile(settings, (await readFile(settings, "utf8")) + SETTINGS);
    await this.run("up");
    await this.run("wait");
    await this.allReady();
    this.adminKey = (await readFile(join(this.#directory, "admin_key"), "utf8")).trim();
    return (await this.run("request")).join("");
  }

  /** Runs a step of the page. Returns what it prints, by machine. */
  async run(name: string): Promise<string[]> {
    const step = this.#steps.find((one) => one.name === name);
    if (step === undefined) throw new Error(`${PAGE} has no step "${name}"`);
    this.#done.add(name);
    const [first, ...others] = this.#lab.nodes as readonly [Machine, ...Machine[]];
    const on = (machine: Machine) => machine.run(step.script, this.#directory, this.#env);
    const printed = step.place === "the first node" ? [] : await Promise.all(others.map(on));
    // The manager leaves last, because the others tell it.
    if (step.place !== "the other nodes") printed.push(await on(first));
    return printed;
  }

  /** Runs HAProxy by a changed file. Control planes go on with the image that they have. */
  async rebalance(image: string, changed: (text: string) => string): Promise<void> {
    const file = join(this.#directory, FRONT);
    await writeFile(file, changed(await readFile(file, "utf8")));
    Object.assign(this.#env, { HAPROXY_CONFIG: "2", CONTROL_PLANE_IMAGE: image });
    await this.run("up");
  }

  /** Lists steps of the page that no test has run. */
  get notRun(): string[] {
    return this.#steps.map(({ name }) => name).filter((name) => !this.#done.has(name));
  }

  shownAt(name: string): string {
    return this.#steps.find((one) => one.name === name)?.shown ?? "";
  }

  async frontDoor(): Promise<FrontDoor> {
    const certificate = await readFile(join(this.#directory, "cert.pem"), "utf8");
    return new FrontDoor(this.#lab.first.address, PORT, NAME, certificate);
  }

  /** Waits until each of some nodes has a task of the control plane that Swarm holds for healthy. */
  async allReady(nodes: readonly Machine[] = this.#lab.nodes, image?: string): Promise<void> {
    const isReady = async (node: Machine): Promise<boolean> => {
      const filters = { label: ["com.docker.swarm.service.name=isolate_control-plane"] };
      const found = await node.docker.listContainers({ filters });
      const [one] = found.filter(({ State }) => State === "running");
      return one?.Status.includes("(healthy)") === true && (image ?? one.Image) === one.Image;
    };
    await eventually(async () => (await Promise.all(nodes.map(isReady))).every(Boolean));
  }
}

export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WITHIN; !(await condition()); await sleep(LOOK_EVERY)) {
    if (Date.now() > end) throw new Error(`This never came true: ${condition}`);
  }
}
