import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type Answered, CALL_LIMITS } from "../../src/protocol/calls.ts";
import { ADDRESSED_BYTES } from "../store/contract/channels.ts";
import type { Store } from "../store/contract/store.ts";
import { StoreUnavailable } from "../store/contract/store-errors.ts";

/** Milliseconds in which another server has to tell what became of an answer. */
const REPLY_MS = 5_000;
/** Milliseconds without a sign of life after which a server is gone. */
const GONE_MS = 15_000;
/** Most texts of other servers that are read at once, and most of their steps that are under way. */
const MOST_READ = 1_000;

const id = z.string().min(1).max(256);
const scopes = z.array(z.string()).readonly().nullable();
const text = z.string().max(CALL_LIMITS.answerBytes);
const one = { serial: z.int().min(1), failed: z.boolean(), text };
const answer = z.object({ tenant: id, scopes, execution: id, ...one });
const step = z.object({
  tenant: id,
  scopes,
  execution: id,
  answers: z.array(z.object(one)).max(CALL_LIMITS.atOnce),
  isLeft: z.boolean(),
});
const asking = z.object({
  from: id,
  reference: id,
  answer: answer.optional(),
  step: step.optional(),
});
/** A text that is too large for its address, and kept elsewhere. */
const kept = z.object({ kept: z.uuid() });
const reply = z.object({
  reference: id,
  answered: z.enum(["sent", "unknown", "busy"]).optional(),
  stepped: z.looseObject({}).optional(),
});

/** An answer on its way to the server that runs its execution. */
export type RelayedAnswer = z.output<typeof answer>;
/** Answers of a client that then waits for what its execution does next. */
export type RelayedStep = z.output<typeof step>;
/** Reply to a step: what came next, or nothing yet. */
export type RelayedNext = Readonly<Record<string, unknown>>;

type Reply = Omit<z.output<typeof reply>, "reference">;

export interface CallRelayOptions {
  readonly store: Pick<Store, "channels" | "notices" | "nodes">;
  readonly nodeId: string;
  readonly onError: (error: unknown) => void;
  /** Milliseconds to wait for a reply. Default 5,000. */
  readonly patience?: number;
}

/**
 * Brings answers to the server whose execution waits for them. They travel as texts to its address,
 * large ones in the table of channels. Each has a reply, because the caller is told what became of it.
 */
export class CallRelay {
  readonly #options: CallRelayOptions;
  readonly #asked = new Map<string, (reply: Reply) => void>();
  #serve: (asked: RelayedAnswer) => Answered = () => "unknown";
  #serveStep: (asked: RelayedStep) => Promise<RelayedNext> = async () => ({});
  #unlisten: (() => void) | undefined;
  #reading = 0;
  #stepping = 0;

  constructor(options: CallRelayOptions) {
    this.#options = options;
  }

  /** Sets the function that gives answers to executions here. */
  serve(serve: (asked: RelayedAnswer) => Answered): void {
    this.#serve = serve;
  }

  /** Sets the function that gives answers, and waits a little for what the execution does next. */
  serveSteps(serve: (asked: RelayedStep) => Promise<RelayedNext>): void {
    this.#serveStep = serve;
  }

  start(): void {
    const { store, nodeId } = this.#options;
    this.#unlisten = store.notices.onText(addressOf(nodeId), (text) => void this.#arrive(text));
  }

  async close(): Promise<void> {
    this.#unlisten?.();
  }

  /**
   * Gives an answer to a server, and resolves with its reply.
   *
   * @throws {StoreUnavailable} if a server that is there does not reply in time.
   */
  async ask(node: string, given: RelayedAnswer): Promise<Answered> {
    return (await this.#ask(node, { answer: given }))?.answered ?? "unknown";
  }

  /** Gives answers to a server, and resolves with what came next; `undefined` if it is gone. It throws as `ask()`. */
  async step(node: string, given: RelayedStep): Promise<RelayedNext | undefined> {
    return (await this.#ask(node, { step: given }))?.stepped;
  }

  async #ask(node: string, value: object): Promise<Reply | undefined> {
    const { nodeId, store, patience = REPLY_MS } = this.#options;
    const reference = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const replied = new Promise<Reply | undefined>((resolve) => {
      this.#asked.set(reference, resolve);
      timer = setTimeout(() => resolve(undefined), patience);
    });
    try {
      await this.#send(node, { from: nodeId, reference, ...value });
      const answered = await replied;
      if (answered !== undefined) return answered;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(reference);
    }
    const nodes = await store.nodes.list();
    if (!nodes.some(({ id, age }) => id === node && age < GONE_MS)) return undefined;
    throw new StoreUnavailable("The server that runs this execution does not answer");
  }

  async #send(node: string, value: object): Promise<void> {
    const { channels } = this.#options.store;
    const address = addressOf(node);
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) <= ADDRESSED_BYTES) return channels.send([], [{ address, text }]);
    const large = { id: randomUUID(), text };
    const reference = JSON.stringify({ kept: large.id });
    return channels.send([large], [{ address, text: reference }]);
  }

  /** Takes a text of another server: something for an execution here, or a reply. */
  async #arrive(text: string): Promise<void> {
    if (this.#reading >= MOST_READ) return;
    this.#reading += 1;
    try {
      const value = parsed(text);
      const { data: reference } = kept.safeParse(value);
      const whole =
        reference && parsed((await this.#options.store.channels.kept(reference.kept)) ?? "");
      const given = reference ? whole : value;
      const { data: asked } = asking.safeParse(given);
      if (asked === undefined) {
        const { data: replied } = reply.safeParse(given);
        if (replied !== undefined) this.#asked.get(replied.reference)?.(replied);
        return;
      }
      const { from, reference: number, answer, step } = asked;
      if (step !== undefined) this.#step(from, number, step);
      if (answer === undefined) return;
      await this.#send(from, { reference: number, answered: this.#serve(answer) });
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#reading -= 1;
    }
  }

  /** Serves a step, which takes seconds. */
  #step(from: string, reference: string, step: RelayedStep): void {
    if (this.#stepping >= MOST_READ) return;
    this.#stepping += 1;
    this.#serveStep(step)
      .then((stepped) => this.#send(from, { reference, stepped }))
      .catch(this.#options.onError)
      .finally(() => {
        this.#stepping -= 1;
      });
  }
}

/** Makes the address of a server's calls. */
function addressOf(node: string): string {
  return `isolate:calls:${node}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
