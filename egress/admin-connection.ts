import type { Socket } from "node:net";
import { clearInterval, setInterval } from "node:timers";
import type { SpareConnections } from "../src/database/spare-connections.ts";
import type { OperatorRules } from "../src/destinations/admit.ts";
import { HostError } from "../src/destinations/host.ts";
import {
  type AdminAnswer,
  type AdminErrorCode,
  type AdminEvent,
  type AdminRequest,
  type ConfigureRequest,
  type EgressPolicy,
  MAX_ADMIN_LINE,
  type OpenRequest,
} from "../src/protocol/egress-admin.ts";
import type { EgressLimits } from "../src/protocol/egress-limits.ts";
import { LineDecoder } from "../src/protocol/lines.ts";
import { parseAdminRequest } from "./admin-request.ts";
import { AdminRequestError } from "./admin-request-error.ts";
import type { ConnectionBudget } from "./connection-budget.ts";
import { DecisionLog, type OnDecision } from "./decision-log.ts";
import type { NodeAuthority } from "./node-authority.ts";
import { ProxiedRun } from "./proxied-run.ts";
import { RunSockets } from "./run-sockets.ts";
import type { Trust } from "./upstream-tls.ts";

/** Most unread bytes of events. Beyond that, events are counted and not sent. */
const MAX_UNREAD = 1_048_576;
/** Milliseconds between two reports of the bytes that runs have moved. */
const USAGE_EVERY = 1_000;

/**
 * Reserves ids of runs and paths of sockets over all admin connections, so that each is open once.
 */
export class Claims {
  readonly #taken = new Set<string>();

  /** Reserves all of the names, or none. */
  take(...names: readonly string[]): boolean {
    if (names.some((name) => this.#taken.has(name))) return false;
    for (const name of names) this.#taken.add(name);
    return true;
  }

  free(...names: readonly string[]): void {
    for (const name of names) this.#taken.delete(name);
  }
}

class AdminFailure extends Error {
  override readonly name = "AdminFailure";
  readonly code: AdminErrorCode;

  constructor(code: AdminErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Settings of an operator, as they are applied. */
export interface Settled {
  readonly operatorRules: OperatorRules;
  readonly trust: Trust;
}

type ReadSettings = (settings: Omit<ConfigureRequest, "id" | "op">) => Settled;

export interface AdminConnectionOptions {
  /** Settings that apply until the connection sends others. */
  readonly settled: Settled;
  readonly readSettings: ReadSettings;
  readonly authority: NodeAuthority;
  readonly claims: Claims;
  readonly audit: OnDecision;
  readonly reserve: SpareConnections;
  readonly budget: ConnectionBudget;
  readonly limits: EgressLimits;
}

interface OpenRun {
  readonly runSockets: RunSockets;
  readonly claims: readonly string[];
  /** Reports the bytes moved, if they have increased since the last report. */
  readonly tellUsage: () => void;
}

/** Serves one control plane. The runs it has opened are closed when its connection ends. */
export class AdminConnection {
  readonly #socket: Socket;
  readonly #readSettings: ReadSettings;
  readonly #authority: NodeAuthority;
  readonly #claims: Claims;
  readonly #audit: OnDecision;
  readonly #reserve: SpareConnections;
  readonly #budget: ConnectionBudget;
  readonly #limits: EgressLimits;
  #settled: Settled;
  readonly #runs = new Map<string, OpenRun>();

  constructor(socket: Socket, options: AdminConnectionOptions) {
    this.#socket = socket.on("error", () => socket.destroy());
    this.#settled = options.settled;
    this.#readSettings = options.readSettings;
    this.#authority = options.authority;
    this.#claims = options.claims;
    this.#audit = options.audit;
    this.#reserve = options.reserve;
    this.#budget = options.budget;
    this.#limits = options.limits;
  }

  /** Answers requests in order until the connection ends. Resolves when all its runs are closed. */
  async serve(): Promise<void> {
    const decoder = new LineDecoder(MAX_ADMIN_LINE);
    this.tellAuthority();
    const usage = setInterval(() => this.#tellUsage(), USAGE_EVERY);
    try {
      for await (const chunk of this.#socket) {
        for (const line of decoder.push(chunk as Buffer)) {
          this.#send(await this.#answer(line));
          await this.#read();
        }
      }
    } catch {
      // A broken connection and an endless line mean the same: the control plane is gone.
    } finally {
      clearInterval(usage);
      this.#socket.destroy();
      await Promise.allSettled([...this.#runs.keys()].map((run) => this.#close(run)));
    }
  }

  async #answer(line: string): Promise<AdminAnswer> {
    let id: number | null = null;
    try {
      const request = parseAdminRequest(line);
      id = request.id;
      return { id: request.id, ok: true, ...(await this.#perform(request)) };
    } catch (error) {
      if (error instanceof AdminRequestError) return failed(error.id, "BAD_REQUEST", error);
      if (error instanceof AdminFailure) return failed(id, error.code, error);
      throw error;
    }
  }

  async #perform(request: AdminRequest): Promise<object> {
    if (request.op === "open") await this.#open(request);
    if (request.op === "configure") this.#configure(request);
    if (request.op === "close") return { report: await this.#close(request.run) };
    return {};
  }

  async #open(request: OpenRequest): Promise<void> {
    const { run: id, egress, database } = request;
    const run = egress && this.#makeRun(request, egress.policy);
    const sockets = [egress, database].flatMap((access) => access?.socket ?? []);
    const claims = [`run ${id}`, ...sockets.map((path) => `socket ${path}`)];
    if (!this.#claims.take(...claims)) {
      throw new AdminFailure("ALREADY_OPEN", "The run or the socket is open already");
    }
    try {
      const runSockets = await RunSockets.open({
        run,
        request,
        reserve: this.#reserve,
        audit: this.#audit,
      });
      this.#runs.set(id, { runSockets, claims, tellUsage: this.#usageTeller(id, run) });
    } catch (error) {
      this.#claims.free(...claims);
      throw new AdminFailure("LISTEN_FAILED", error instanceof Error ? error.message : "unknown");
    }
  }

  #configure(request: ConfigureRequest): void {
    this.#settled = refusing("BAD_SETTINGS", () => this.#readSettings(request));
  }

  #makeRun(request: OpenRequest, policy: EgressPolicy): ProxiedRun {
    const decisions = new DecisionLog(request, this.#audit, (event) => this.report(event));
    const shared = {
      ...this.#settled,
      authority: this.#authority,
      limits: this.#limits,
      budget: this.#budget,
    };
    return refusing("BAD_POLICY", () => new ProxiedRun(policy, decisions, shared));
  }

  async #close(id: string) {
    const open = this.#runs.get(id);
    if (open === undefined) {
      throw new AdminFailure("NOT_OPEN", "This connection has no such run open");
    }
    this.#runs.delete(id);
    try {
      return await open.runSockets.close();
    } finally {
      this.#claims.free(...open.claims);
    }
  }

  /** Reports the usage of all runs, in case this process ends without a final report. */
  #tellUsage(): void {
    for (const { tellUsage } of this.#runs.values()) tellUsage();
  }

  #usageTeller(id: string, run: ProxiedRun | undefined): () => void {
    let told = 0;
    return () => {
      const { bytesOut, bytesIn } = run?.quota.moved ?? { bytesOut: 0, bytesIn: 0 };
      if (bytesOut + bytesIn === told) return;
      if (this.report({ event: "usage", run: id, bytesOut, bytesIn })) told = bytesOut + bytesIn;
    };
  }

  /** Tells by which certificate sandboxes know this proxy. */
  tellAuthority(): void {
    this.#send({ event: "authority", certificate: this.#authority.certificate });
  }

  /** Sends an event. Returns false if the control plane has too many unread ones. */
  report(event: AdminEvent): boolean {
    if (this.#socket.writableLength > MAX_UNREAD) return false;
    this.#send(event);
    return true;
  }

  /**
   * Waits until the control plane has read its answers, so that it cannot send faster than it
   * reads.
   */
  async #read(): Promise<void> {
    if (this.#socket.writableLength <= MAX_UNREAD) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.once("drain", done).once("close", done);
    });
  }

  #send(message: AdminAnswer | AdminEvent): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

/** Converts a `HostError` for a bad name or address to a failure with a code. */
function refusing<T>(code: AdminErrorCode, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof HostError) throw new AdminFailure(code, error.message);
    throw error;
  }
}

function failed(id: number | null, code: AdminErrorCode, { message }: Error): AdminAnswer {
  return { id, ok: false, error: { code, message } };
}
