import type { Socket } from "node:net";
import { admit, checkAllowed, type OperatorRules } from "../src/destinations/admit.ts";
import { Allowlist } from "../src/destinations/allowlist.ts";
import { type Destination, formatHost } from "../src/destinations/host.ts";
import { Refusal } from "../src/destinations/refusal.ts";
import type { EgressPolicy } from "../src/protocol/egress-admin.ts";
import type { EgressLimits } from "../src/protocol/egress-limits.ts";
import { Bindings, type BoundHost } from "./bindings.ts";
import type { BoundTunnel } from "./bound-tunnel.ts";
import type { ConnectionBudget, ConnectionShare } from "./connection-budget.ts";
import type { DecisionLog } from "./decision-log.ts";
import type { NodeAuthority } from "./node-authority.ts";
import { Quota } from "./quota.ts";
import { Tunnel } from "./tunnel.ts";
import type { Trust } from "./upstream-tls.ts";

const OUT_OF_BYTES = new Refusal("LIMIT_BYTES", "The run has moved all the bytes it may");

const GONE = new Refusal("UPSTREAM_FAILED", "The client has gone");

/** The settings of all runs. */
export interface ProxiedRunOptions {
  readonly operatorRules: OperatorRules;
  readonly limits: EgressLimits;
  readonly budget: ConnectionBudget;
  readonly authority: NodeAuthority;
  readonly trust: Trust;
}

/** State of one run: its policy, its use of its limits, and every socket that is open for it. */
export class ProxiedRun {
  readonly decisions: DecisionLog;
  readonly limits: EgressLimits;
  readonly quota: Quota;
  readonly bindings: Bindings;
  readonly #allowlist: Allowlist;
  readonly #authority: NodeAuthority;
  readonly #trust: Trust;
  readonly #operatorRules: OperatorRules;
  readonly #budget: ConnectionBudget;
  readonly #places = new WeakMap<Socket, ConnectionShare>();
  readonly #sockets = new Set<Socket>();
  readonly #tunnels = new Set<Tunnel>();
  readonly #over = new AbortController();
  #clients = 0;
  #closed = false;

  /** @throws {HostError} For an entry of the policy that is no host, or a binding that is none. */
  constructor(
    policy: EgressPolicy,
    decisions: DecisionLog,
    { operatorRules, limits, budget, authority, trust }: ProxiedRunOptions,
  ) {
    this.#allowlist = new Allowlist(policy.allow);
    this.bindings = new Bindings(policy.bindings ?? []);
    this.#authority = authority;
    this.#trust = trust;
    this.#operatorRules = operatorRules;
    this.#budget = budget;
    this.decisions = decisions;
    const { requests = limits.totalTunnels } = policy;
    this.limits = { ...limits, totalTunnels: requests };
    this.quota = new Quota(this.limits);
  }

  /** Keeps a socket, to close it with the run. Its errors are ignored: its close is reported. */
  track = (socket: Socket): void => {
    socket.on("error", () => socket.destroy());
    if (this.#closed) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  };

  /**
   * Keeps a socket that was dialled for a client. It holds the client's place in the budget, too.
   */
  trackUpstream(socket: Socket, client: Socket): void {
    this.#places.get(client)?.cover(socket);
    this.track(socket);
  }

  /**
   * Admits a client. `crowded`: too many clients have no tunnel. `full`: the tenant has too many
   * connections. `flooded`: too many refused clients have not left.
   */
  enter(client: Socket): "welcome" | "crowded" | "full" | "flooded" {
    const { halfOpen, tunnels } = this.limits;
    this.track(client);
    this.#clients += 1;
    client.once("close", () => {
      this.#clients -= 1;
    });
    if (this.#clients > 2 * halfOpen + tunnels) return "flooded";
    const { owner } = this.decisions.asker;
    const crowded = this.#clients - this.quota.tunnels > halfOpen;
    const place = crowded ? undefined : this.#budget.enter(owner, client);
    if (place !== undefined) {
      this.#places.set(client, place);
      return "welcome";
    }
    if (!this.#budget.refuse(owner, client)) return "flooded";
    return crowded ? "crowded" : "full";
  }

  /**
   * Decides on a destination: checks the list, then the quota, then its addresses. Waits for a
   * tunnel in between. Records the verdict. The returned tunnel is not dialled yet.
   *
   * @throws {Refusal} If the destination is denied.
   */
  async open(destination: Destination, client: Socket): Promise<Tunnel> {
    const subject = { host: formatHost(destination.host), port: destination.port };
    let taken = false;
    try {
      checkAllowed(destination, this.#allowlist);
      await this.#takeTunnel(client);
      taken = true;
      const asker = { ...this.decisions.asker, signal: this.#over.signal };
      const addresses = await admit(
        destination,
        this.#operatorRules,
        asker,
        this.limits.dialTimeoutMs,
      );
      if (this.#closed) throw new Refusal("UPSTREAM_FAILED", "The run is over");
      const note = this.decisions.allow(subject, addresses[0].ip);
      const tunnel = new Tunnel(this, client, addresses, (end) => {
        this.quota.release();
        this.#tunnels.delete(tunnel);
        // Recorded as a denial, because a tunnel that is cut off looks like one that has ended.
        if (end.code === "LIMIT_BYTES") this.decisions.deny(subject, OUT_OF_BYTES);
        note(end);
      });
      this.#tunnels.add(tunnel);
      return tunnel;
    } catch (error) {
      if (taken) this.quota.release();
      const told = error instanceof Refusal && error !== GONE && !this.#closed;
      if (told) this.decisions.deny(subject, error);
      throw error;
    }
  }

  /** Returns what a tunnel to a bound host needs. */
  boundTunnel(tunnel: Tunnel, bound: BoundHost, destination: Destination): BoundTunnel {
    const { headTimeoutMs, dialTimeoutMs } = this.limits;
    const identity = () => this.#authority.contextFor(destination.host);
    const trust = this.#trust;
    return { tunnel, bound, destination, identity, trust, headTimeoutMs, dialTimeoutMs };
  }

  /** Counts a tunnel for the client. Gives up when the client has gone, or the run is over. */
  async #takeTunnel(client: Socket): Promise<void> {
    const gone = new AbortController();
    const giveUp = (): void => gone.abort(GONE);
    client.once("close", giveUp);
    if (client.destroyed) giveUp();
    try {
      await this.quota.take(gone.signal);
    } finally {
      client.off("close", giveUp);
    }
  }

  /** Ends every tunnel and destroys every socket at once, including later ones. */
  close(): void {
    this.#closed = true;
    this.#over.abort();
    for (const tunnel of this.#tunnels) tunnel.end("CLOSED");
    for (const socket of this.#sockets) socket.destroy();
  }
}
