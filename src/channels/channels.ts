import { CHANNEL_LIMITS } from "../protocol/limits.ts";
import type { ChannelRequest } from "../protocol/messages.ts";
import { Mailbox, type Send } from "./mailbox.ts";

/** The subscribers of each topic. */
type Topics = Map<string, Set<Membership>>;

/**
 * Carries messages between the running executions of a tenant, through the host. A message reaches
 * every other member that has subscribed to the topic by then, at most once. No tenant can notice
 * other tenants.
 */
export class ChannelRouter {
  readonly #tenants = new Map<string, Topics>();

  /** Adds an execution of `tenant` until it leaves. */
  join(tenant: string): Membership {
    return new Membership(this.#tenants, tenant);
  }

  /** Number of tenants with a subscription. */
  get tenants(): number {
    return this.#tenants.size;
  }
}

/** Membership of one execution in the channels of its tenant. */
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

  /** Sends `text` to every other subscriber. Waits for none of them. */
  emit(topic: string, text: string): void {
    if (this.#left) return;
    for (const member of this.#tenants.get(this.#tenant)?.get(topic) ?? []) {
      if (member !== this) member.#mailbox.put({ topic, text });
    }
  }

  /** Ends the membership and all its subscriptions. Waiting messages are dropped. */
  leave(): void {
    this.#left = true;
    for (const topic of this.#topics) this.unsubscribe(topic);
    this.#mailbox.close();
  }
}
