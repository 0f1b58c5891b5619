import { lstat, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { Reserve } from "../src/database/reserve.ts";
import { type Classifier, classify } from "../src/permissions/address-class.ts";
import { listenAt } from "../src/sockets.ts";
import { AdminConnection, type AdminConnectionOptions, Claims } from "./admin-connection.ts";
import { readGround } from "./ground.ts";
import type { Audit } from "./ledger.ts";
import { Lookups } from "./lookups.ts";
import { nameServerResolver, type Resolver } from "./resolve.ts";

/** What the operator decides, once, when the proxy starts. */
export interface EgressOptions {
  /** Path of the admin socket, in a directory no sandbox sees. Whoever connects there rules. */
  readonly adminSocket: string;
  /** Fixed addresses of names, `{ "name": "address" }`. They are checked like any other. */
  readonly hosts?: Readonly<Record<string, string>>;
  /**
   * Destinations, each `host:port`, that may lead to private or loopback addresses. A policy has to
   * allow them as well. Metadata addresses stay out of reach, and may not be named here.
   */
  readonly private?: readonly string[];
  /** Default: the operating system's. */
  readonly resolver?: Resolver;
  /** Is told of every decision and of the end of every tunnel. Default: nobody is. */
  readonly audit?: Audit;
  /** Only for tests that show what happens without it. Default: the real one. */
  readonly classify?: Classifier;
}

/** A proxy that runs. */
export interface Egress {
  /** Closes all runs and all sockets. */
  close(): Promise<void>;
}

/**
 * Starts the proxy and resolves once it listens on the admin socket.
 *
 * @throws {HostError} for `hosts` or `private` that cannot be meant.
 * @throws {Error} if the admin socket cannot be listened on, or another proxy does.
 * @example
 * const egress = await startEgress({ adminSocket: "/run/isolate/egress/admin.sock" });
 */
export async function startEgress(options: EgressOptions): Promise<Egress> {
  const { adminSocket, audit = () => {} } = options;
  const { hosts = {}, private: privates = [] } = options;
  const { resolver = nameServerResolver(), classify: classifier = classify } = options;
  const { lookup } = new Lookups(resolver);
  const settle: AdminConnectionOptions["readGround"] = (settings) =>
    readGround({ ...settings, lookup, classify: classifier });
  const ground = settle({ hosts, private: privates });
  const claims = new Claims();
  const reserve = new Reserve();
  const connections = new Map<Socket, Promise<void>>();
  const server = createServer((socket) => {
    const shared = { ground, readGround: settle, claims, audit, reserve };
    const served = new AdminConnection(socket, shared).serve();
    connections.set(
      socket,
      served.finally(() => connections.delete(socket)),
    );
  });

  await ensureDirectory(dirname(adminSocket));
  await removeLeftover(adminSocket);
  await listenAt(server, adminSocket, 0o600);

  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const served = [...connections.values()];
      for (const socket of connections.keys()) socket.destroy();
      await Promise.all([closed, ...served]);
      await reserve.close();
      await rm(adminSocket, { force: true });
    },
  };
}

/** Makes the last part of the path alone: the rest is somebody's decision. */
async function ensureDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** A proxy that was killed leaves its socket behind; one that answers is not to be pushed aside. */
async function removeLeftover(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => resolve(true));
    probe.once("error", () => resolve(false));
    probe.once("connect", () => probe.destroy());
  });
  if (alive) throw new Error(`Another proxy listens on ${path}`);
  await rm(path, { force: true });
}
