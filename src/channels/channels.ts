import { CHANNEL_LIMITS } from "../protocol/limits.ts";
import type { ChannelRequest } from "../protocol/messages.ts";
import { Mailbox, type Send } from "./mailbox.ts";

/** The subscribers of each topic. */
type Topics = Map<string, Set<Membership>>;

/** The way to subscribers on other hosts. Its methods neither throw nor wait. */
export interface Uplink {
  /** Takes each message of an execution here. */
  emit(tenant: string, topic: string, text: string): void;
  /** A tenant has its first subscription here. */
  subscribed(tenant: string): void;
}

/** Subscriptions of all tenants, which the members share. */
interface Shared {
  readonly tenants: Map<string, Topics>;
  uplink: Uplink | undefined;
}

/**
 * Carries messages between the running executions of a tenant, through the host. A message reaches
 * every other member that has subscribed to the topic by then, at most once. No tenant can notice
 * other tenants.
 */
export class ChannelRouter {
  readonly #shared: Shared = { tenants: new Map(), uplink: undefined };

  /** Adds an execution of `tenant` until it leaves. */
  join(tenant: string): Membership {
    return new Membership(this.#shared, tenant);
  }

  /** Number of tenants with a subscription. */
  get tenants(): number {
    return this.#shared.tenants.size;
  }

  /** Passes messages on to other hosts, too. `undefined` ends that. */
  connect(uplink: Uplink | undefined): void {
    this.#shared.uplink = uplink;
  }

  /** Tests whether a tenant has a subscription here. */
  has(tenant: string): boolean {
    return this.#shared.tenants.has(tenant);
  }

  /** Gives a message of another host to all subscribers here. */
  deliver(tenant: string, topic: string, text: string): void {
    for (const member of this.#shared.tenants.get(tenant)?.get(topic) ?? []) {
      member.put(topic, text);
    }
  }

  /** Counts messages that were lost on the way to the subscribers here. */
  lose(tenant: string, topic: string, count: number): void {
    for (const member of this.#shared.tenants.get(tenant)?.get(topic) ?? []) member.lose(count);
  }
}

/** Membership of one execution in the channels of its tenant. */
export class Membership {
  readonly #shared: Shared;
  readonly #tenant: string;
  readonly #topics = new Set<string>();
  readonly #mailbox = new Mailbox();
  #left = false;

  constructor(shared: Shared, tenant: string) {
    this.#shared = shared;
    this.#tenant = tenant;
  }

  /** Number of messages that this member lost because it was too slow. */
  get dropped(): number {
    return this.#mailbox.dropped;
  }

  /** Sets the function that sends to the execution. It returns whether the message was accepted. */
  connect(send: Send): void {
    this.#mailbox.connect(send);
  }

  /** Handles a request of the execution. */
  receive(request: ChannelRequest): void {
    if (this.#left) return;
    if (request.op === "emit") this.emit(request.topic, request.text);
    else if (request.op === "on") this.subscribe(request.topic);
    else if (request.op === "off") this.unsubscribe(request.topic);
    else this.#mailbox.taken();
  }

  subscribe(topic: string): void {
    // The sandbox reports this limit's error itself. A sandbox that does not is ignored here.
    if (this.#left || this.#topics.size >= CHANNEL_LIMITS.topics) return;
    this.#topics.add(topic);
    const { tenants, uplink } = this.#shared;
    const known = tenants.get(this.#tenant);
    const topics: Topics = known ?? new Map();
    tenants.set(this.#tenant, topics);
    topics.set(topic, (topics.get(topic) ?? new Set()).add(this));
    if (known === undefined) uplink?.subscribed(this.#tenant);
  }

  unsubscribe(topic: string): void {
    if (!this.#topics.delete(topic)) return;
    const { tenants } = this.#shared;
    const topics = tenants.get(this.#tenant);
    const members = topics?.get(topic);
    members?.delete(this);
    if (members?.size === 0) topics?.delete(topic);
    if (topics?.size === 0) tenants.delete(this.#tenant);
  }

  /** Sends `text` to every other subscriber. Waits for none of them. */
  emit(topic: string, text: string): void {
    if (this.#left) return;
    const { tenants, uplink } = this.#shared;
    for (const member of tenants.get(this.#tenant)?.get(topic) ?? []) {
      if (member !== this) member.put(topic, text);
    }
    uplink?.emit(this.#tenant, topic, text);
  }

  /** Takes a message for the execution. */
  put(topic: string, text: string): void {
    this.#mailbox.put({ topic, text });
  }

  /** Counts messages that were lost on their way here. */
  lose(count: number): void {
    this.#mailbox.dropped += count;
  }

  /** Ends the membership and all its subscriptions. Waiting messages are dropped. */
  leave(): void {
    this.#left = true;
    for (const topic of this.#topics) this.unsubscribe(topic);
    this.#mailbox.close();
  }
}
