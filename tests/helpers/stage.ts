import { ChannelRouter, type Membership } from "../../src/channels/channels.ts";
import { config } from "../../src/config/config.ts";
import type { Engine, ExecuteOptions, Outcome } from "../../src/engines/contract/contract.ts";
import type { ChannelRequest } from "../../src/protocol/messages.ts";
import { resolveTools } from "../../src/tools/registry.ts";
import { job, PROFILE, until } from "../contract/engine-contract.ts";

/** One execution on a stage, and the requests to its channel. */
export interface Actor {
  readonly asked: readonly ChannelRequest[];
  readonly outcome: Promise<Outcome>;
  readonly member: Membership;
}

/** Executions that share one router. */
export class Stage {
  readonly router = new ChannelRouter();
  readonly #options: Partial<ExecuteOptions>;

  /** `options` apply to all of its executions. */
  constructor(options: Partial<ExecuteOptions> = {}) {
    this.#options = options;
  }

  /** Runs code as the kernel does. */
  run(
    engine: Engine,
    code: string,
    tenant = "tenant",
    timeout = 20_000,
    more: Partial<ExecuteOptions> = {},
  ): Actor {
    const member = this.router.join(tenant);
    const asked: ChannelRequest[] = [];
    const channel = {
      connect: member.connect.bind(member),
      get dropped() {
        return member.dropped;
      },
      receive(request: ChannelRequest) {
        member.receive(request);
        asked.push(request);
      },
    };
    const tools = resolveTools(["channel"], config());
    const options = { profile: PROFILE, timeout, channel, ...this.#options, ...more };
    const outcome = engine
      .execute(job(code, undefined, "default", tools), options)
      .finally(() => member.leave());
    outcome.catch(() => {});
    return { asked, outcome, member };
  }

  /** Runs code. Resolves once it has subscribed to `topics` topics. */
  async listening(
    engine: Engine,
    code: string,
    topics = 1,
    tenant?: string,
    timeout?: number,
  ): Promise<Actor> {
    const actor = this.run(engine, code, tenant, timeout);
    await until(() => actor.asked.filter(({ op }) => op === "on").length >= topics);
    return actor;
  }

  /** Joins a member without an execution. Returns it, and the messages that it receives. */
  stranger(topics: readonly string[], tenant = "tenant"): { member: Membership; heard: unknown[] } {
    const member = this.router.join(tenant);
    const heard: unknown[] = [];
    member.connect((_topic, text) => {
      heard.push(JSON.parse(text));
      queueMicrotask(() => member.receive({ op: "taken" }));
      return true;
    });
    for (const topic of topics) member.subscribe(topic);
    return { member, heard };
  }
}
