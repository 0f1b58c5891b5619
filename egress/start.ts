import { lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { listenAt, socketState } from "../src/base/sockets.ts";
import { type Backend, nameOf } from "../src/database/backend.ts";
import { SpareConnections } from "../src/database/spare-connections.ts";
import { type Classifier, classify } from "../src/destinations/address-class.ts";
import { type ListInterfaces, sparingHost } from "../src/destinations/host-addresses.ts";
import { readOperatorRules } from "../src/destinations/operator-rules.ts";
import { Lookups } from "../src/dns/lookups.ts";
import { nameServerResolver, type Resolver } from "../src/dns/resolve.ts";
import type { SurvivorEvent } from "../src/protocol/egress-admin.ts";
import { DEFAULT_EGRESS_LIMITS, type EgressLimits } from "../src/protocol/egress-limits.ts";
import { AdminConnection, type AdminConnectionOptions, Claims } from "./admin-connection.ts";
import { ConnectionBudget } from "./connection-budget.ts";
import type { OnDecision } from "./decision-log.ts";
import { IdleTimer } from "./idle-exit.ts";
import { NodeAuthority } from "./node-authority.ts";
import { Trust } from "./upstream-tls.ts";

/** Operator's settings, fixed at the start of the proxy. */
export interface EgressOptions {
  /**
   * Path of the admin socket, in a directory that no sandbox sees. Its clients have full control.
   */
  readonly adminSocket: string;
  /** Fixed addresses of names: `{ "name": "address" }`. They are checked as any other. */
  readonly hosts?: Readonly<Record<string, string>>;
  /**
   * Destinations, each `host:port`, that may lead to private or loopback addresses. A policy must
   * allow them, too. Metadata addresses stay out of reach and must not be named here.
   */
  readonly private?: readonly string[];
  /** Addresses and networks that belong to the host, in addition to those of its interfaces. */
  readonly own?: readonly string[];
  /** Certificates in PEM that bound hosts may be signed by, beside those of the system. */
  readonly ca?: string | undefined;
  /**
   * Calls `onIdle` after `after` milliseconds without an admin connection, at the start or later.
   */
  readonly idle?: { readonly after: number; readonly onIdle: () => void } | undefined;
  /** Name resolver. Default: the operating system's. */
  readonly resolver?: Resolver;
  /** Receives every decision and the end of every tunnel. Default: no listener. */
  readonly audit?: OnDecision;
  /** Receives database sessions that outlive their execution. Default: no listener. */
  readonly onSurvivor?: (event: SurvivorEvent) => void;
  /**
   * Most connections of all runs at a time. Default: 1,024, which the container's memory is sized
   * for.
   */
  readonly connections?: number;
  /** Limits of each run that differ from `DEFAULT_EGRESS_LIMITS`, for tests with shorter waits. */
  readonly limits?: Partial<EgressLimits> | undefined;
  /** Lists the host's interfaces, whose addresses are private. Default: the operating system's. */
  readonly interfaces?: ListInterfaces;
  /**
   * Classifier of addresses, for tests that show what happens without it. Default: the real one.
   */
  readonly classify?: Classifier;
}

/** A running proxy. */
export interface RunningProxy {
  /** Closes all runs and all sockets. */
  close(): Promise<void>;
}

/**
 * Starts the proxy. Resolves once it listens on the admin socket.
 *
 * @throws {HostError} For malformed `hosts`, `private` or `ca`.
 * @throws {Error} If the admin socket cannot be opened, or another proxy uses it.
 *
 * @example
 * const egress = await startEgress({ adminSocket: "/run/isolate/egress/admin.sock" });
 */
export async function startEgress(options: EgressOptions): Promise<RunningProxy> {
  const { adminSocket, audit = () => {}, onSurvivor = () => {} } = options;
  const idleTimer = options.idle && new IdleTimer(options.idle.after, options.idle.onIdle);
  const { hosts = {}, private: privates = [], own = [] } = options;
  const { resolver = nameServerResolver(), interfaces } = options;
  const { classify: classifier = sparingHost(classify, interfaces) } = options;
  const { lookup } = new Lookups(resolver);
  const settle: AdminConnectionOptions["readSettings"] = ({ ca, ...settings }) => ({
    operatorRules: readOperatorRules({ ...settings, lookup, classify: classifier }),
    trust: new Trust(ca),
  });
  const settled = settle({ hosts, private: privates, own, ca: options.ca });
  const authority = new NodeAuthority();
  authority.onRenewed = () => {
    for (const { admin } of connections.values()) admin.tellAuthority();
  };
  const claims = new Claims();
  const budget = new ConnectionBudget(options.connections);
  const limits = { ...DEFAULT_EGRESS_LIMITS, ...options.limits };
  await ensureDirectory(dirname(adminSocket));
  await removeLeftover(adminSocket);
  const survivors = new Map<string, SurvivorEvent>();
  const reserve = new SpareConnections({
    directory: join(dirname(adminSocket), "sessions"),
    resolver,
    onSurvivor: (backend, state, reason) => {
      const name = nameOf(backend);
      const event = survivorEvent(backend, state, reason);
      if (state === "running") survivors.set(name, event);
      else survivors.delete(name);
      const told = { ...event, survivors: survivors.size };
      onSurvivor(told);
      for (const connection of connections.values()) connection.admin.report(told);
    },
  });
  const connections = new Map<Socket, { admin: AdminConnection; served: Promise<void> }>();
  const server = createServer((socket) => {
    const admin = new AdminConnection(socket, {
      settled,
      readSettings: settle,
      authority,
      claims,
      audit,
      reserve,
      budget,
      limits,
    });
    idleTimer?.enter();
    const served = admin.serve().finally(() => {
      connections.delete(socket);
      idleTimer?.leave();
    });
    connections.set(socket, { admin, served });
    for (const event of survivors.values()) admin.report({ ...event, survivors: survivors.size });
  });

  await listenAt(server, adminSocket, 0o600);

  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const served = [...connections.values()].map((connection) => connection.served);
      for (const socket of connections.keys()) socket.destroy();
      await Promise.all([closed, ...served]);
      idleTimer?.close();
      await reserve.close();
      await rm(adminSocket, { force: true });
    },
  };
}

function survivorEvent(
  { host, user, pid }: Backend,
  state: SurvivorEvent["state"],
  reason: string,
): SurvivorEvent {
  return { event: "survivor", ...host, user, pid, state, reason, survivors: 0 };
}

/** Makes the last directory of the path only. The ones above are the operator's decision. */
async function ensureDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** Removes the socket of a proxy that was killed. A socket that answers stays. */
async function removeLeftover(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSocket()) return;
  const state = await socketState(path);
  if (state === "answers" || state === "unknown")
    throw new Error(`Another proxy listens on ${path}`);
  await rm(path, { force: true });
}
