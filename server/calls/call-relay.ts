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
/** Most texts of other servers that are read at once. */
const MOST_READ = 1_000;

const id = z.string().min(1).max(256);
const answer = z.object({
  tenant: id,
  execution: id,
  serial: z.int().min(1),
  failed: z.boolean(),
  text: z.string().max(CALL_LIMITS.answerBytes),
});
const asking = z.object({ from: id, reference: id, answer });
/** An answer that is too large for its address, and kept elsewhere. */
const kept = z.object({ kept: z.uuid() });
const reply = z.object({ reference: id, answered: z.enum(["sent", "unknown", "busy"]) });

/** An answer on its way to the server that runs its execution. */
export type RelayedAnswer = z.output<typeof answer>;

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
  readonly #asked = new Map<string, (answered: Answered) => void>();
  #serve: (asked: RelayedAnswer) => Answered = () => "unknown";
  #unlisten: (() => void) | undefined;
  #reading = 0;

  constructor(options: CallRelayOptions) {
    this.#options = options;
  }

  /** Sets the function that gives answers to executions here. */
  serve(serve: (asked: RelayedAnswer) => Answered): void {
    this.#serve = serve;
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
    const { nodeId, store, patience = REPLY_MS } = this.#options;
    const reference = randomUUID();
    let timer: NodeJS.Timeout | undefined;
    const replied = new Promise<Answered | undefined>((resolve) => {
      this.#asked.set(reference, resolve);
      timer = setTimeout(() => resolve(undefined), patience);
    });
    try {
      await this.#send(node, { from: nodeId, reference, answer: given });
      const answered = await replied;
      if (answered !== undefined) return answered;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(reference);
    }
    const nodes = await store.nodes.list();
    if (!nodes.some(({ id, age }) => id === node && age < GONE_MS)) return "unknown";
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

  /** Takes a text of another server: an answer for an execution here, or a reply. */
  async #arrive(text: string): Promise<void> {
    if (this.#reading >= MOST_READ) return;
    this.#reading += 1;
    try {
      const value = parsed(text);
      const { data: replied } = reply.safeParse(value);
      if (replied !== undefined) {
        this.#asked.get(replied.reference)?.(replied.answered);
        return;
      }
      const { data: reference } = kept.safeParse(value);
      const whole =
        reference && parsed((await this.#options.store.channels.kept(reference.kept)) ?? "");
      const { data } = asking.safeParse(reference ? whole : value);
      if (data === undefined) return;
      const answered = this.#serve(data.answer);
      await this.#send(data.from, { reference: data.reference, answered });
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#reading -= 1;
    }
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
