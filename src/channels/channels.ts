import { CHANNEL_LIMITS } from "../protocol/limits.ts";
import type { ChannelRequest } from "../protocol/messages.ts";
import { Mailbox, type Send } from "./mailbox.ts";

/** The subscribers of each topic. */
type Topics = Map<string, Set<Membership>>;

/**
 * Carries messages between the running executions of a tenant, a star with the host in its middle.
 * What is emitted reaches every other member that has subscribed to the topic by then, at most
 * once; no tenant can tell whether there are others.
 */
export class ChannelRouter {
  readonly #tenants = new Map<string, Topics>();

  /** Lets an execution of `tenant` take part until it leaves. */
  join(tenant: string): Membership {
    return new Membership(this.#tenants, tenant);
  }

  /** Tenants with a subscription. */
  get tenants(): number {
    return this.#tenants.size;
  }
}

/** One execution's part in the channels of its tenant. */
export class Membership {
  readonly #tenants: Map<string, Topics>;
  readonly #tenant: string;
  readonly #topics = new Set<string>();
  readonly #mailbox = new Mailbox();
  #left = false;

  constructor(tenants: Map<string, Topics>, tenant: string) {
    this.#tenants = tenants;
    this.#tenant = tenant;
  }

  /** Messages this member has lost, since it was too slow. */
  get dropped(): number {
    return this.#mailbox.dropped;
  }

  /** Sets the way to the execution: `send` says whether it took the message. */
  connect(send: Send): void {
    this.#mailbox.connect(send);
  }

  /** Does what the execution asks for. */
  receive(request: ChannelRequest): void {
    if (this.#left) return;
    if (request.op === "emit") this.emit(request.topic, request.text);
    else if (request.op === "on") this.subscribe(request.topic);
    else if (request.op === "off") this.unsubscribe(request.topic);
    else this.#mailbox.taken();
  }

  subscribe(topic: string): void {
    // The sandbox says this limit's error; one that does not has subscribed to enough.
    if (this.#left || this.#topics.size >= CHANNEL_LIMITS.topics) return;
    this.#topics.add(topic);
    const topics: Topics = this.#tenants.get(this.#tenant) ?? new Map();
    this.#tenants.set(this.#tenant, topics);
    topics.set(topic, (topics.get(topic) ?? new Set()).add(this));
  }

  unsubscribe(topic: string): void {
    if (!this.#topics.delete(topic)) return;
    const topics = this.#tenants.get(this.#tenant);
    const members = topics?.get(topic);
    members?.delete(this);
    if (members?.size === 0) topics?.delete(topic);
    if (topics?.size === 0) this.#tenants.delete(this.#tenant);
  }

  /** Gives `text` to every other subscriber; never waits for any. */
  emit(topic: string, text: string): void {
    if (this.#left) return;
    for (const member of this.#tenants.get(this.#tenant)?.get(topic) ?? []) {
      if (member !== this) member.#mailbox.put({ topic, text });
    }
  }

  /** Ends the membership and all its subscriptions; what still waits is not sent. */
  leave(): void {
    this.#left = true;
    for (const topic of this.#topics) this.unsubscribe(topic);
    this.#mailbox.close();
  }
}
