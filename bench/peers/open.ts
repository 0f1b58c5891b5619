import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnDeno } from "../deno.ts";
import { LinePeer, spawnPiped } from "./line-peer.ts";
import type { Peer } from "./peer.ts";
import { WebPeer } from "./web-peer.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
/** First line of Node.js that all packages of this folder support. */
const NEWEST_NEED = 24;

export type PeerName = "workerd" | "isolated-vm" | "bare Deno Worker" | "Hono";

/** Other runners of code on this machine. Each is started at its first use, and ends with the bench. */
export class Peers {
  readonly #scratch: string;
  readonly #signal: AbortSignal;
  readonly #open = new Map<PeerName, Promise<Peer | undefined>>();
  /** Names of those that cannot be had here, with the reason. */
  readonly missing = new Map<PeerName, string>();

  constructor(scratch: string, signal: AbortSignal) {
    this.#scratch = scratch;
    this.#signal = signal;
  }

  /** Returns nothing for one that cannot be had here, and notes the reason. */
  get(name: PeerName): Promise<Peer | undefined> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opened = this.#start(name).catch((error: Error) => {
      if (this.#signal.aborted) throw error;
      this.missing.set(name, error.message.split("\n")[0] ?? "");
      return undefined;
    });
    this.#open.set(name, opened);
    return opened;
  }

  async stop(): Promise<void> {
    for (const opened of this.#open.values()) {
      // A failure to open was reported where it was asked for.
      await (await opened.catch(() => undefined))?.stop();
    }
  }

  /** Starts one and tries it, so that one that does not work is missing and no failure later. */
  async #start(name: PeerName): Promise<Peer> {
    const peer = await this.#spawn(name);
    try {
      await peer.run("export default (x) => x * 2", 21, 42);
      return peer;
    } catch (error) {
      await peer.stop();
      throw error;
    }
  }

  async #spawn(name: PeerName): Promise<Peer> {
    if (name === "Hono") {
      const child = spawnPiped(process.execPath, [join(FOLDER, "hono.js")], process.env);
      return WebPeer.open(name, child, this.#signal);
    }
    if (name === "bare Deno Worker") return this.#bareWorker(name);
    const args = name === "workerd" ? ["workerd.js"] : ["--no-node-snapshot", "isolated-vm.js"];
    const program = newerNode(name === "workerd" ? "miniflare" : name);
    const paths = args.map((arg) => (arg.startsWith("--") ? arg : join(FOLDER, arg)));
    const child = spawnPiped(program, paths, process.env);
    if (name === "workerd") return WebPeer.open(name, child, this.#signal);
    return new LinePeer(name, child);
  }

  /** Starts it without this user's settings and cache. */
  async #bareWorker(name: PeerName): Promise<Peer> {
    const flags = ["--quiet", "--no-config", "--no-lock", "--unstable-worker-options"];
    const args = ["run", ...flags, join(FOLDER, "bare-worker.deno.js")];
    return new LinePeer(name, spawnDeno(args, this.#scratch));
  }
}

/** Returns the Node.js that runs a package of this folder: this one, if it is new enough. */
function newerNode(name: string): string {
  const packages = join(FOLDER, "node_modules");
  if (!existsSync(join(packages, name))) {
    throw new Error(`It is not installed: npm ci --ignore-scripts --prefix bench/peers`);
  }
  if (Number.parseInt(process.versions.node, 10) >= NEWEST_NEED) return process.execPath;
  const node = join(packages, `node-linux-${process.arch}/bin/node`);
  if (!existsSync(node)) throw new Error(`It needs Node.js ${NEWEST_NEED}`);
  return node;
}
