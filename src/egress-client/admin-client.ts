import { connect, type Socket } from "node:net";
import { deadline } from "../base/deadline.ts";
import {
  type AdminAnswer,
  type AdminEvent,
  type AdminRequest,
  type AuthorityEvent,
  isAdminEvent,
  MAX_ADMIN_LINE,
  type RunReport,
  type SurvivorEvent,
} from "../protocol/egress-admin.ts";
import { LineDecoder } from "../protocol/lines.ts";
import { subjectText } from "../protocol/subject-text.ts";
import type { Denial } from "../request/types.ts";
import type { EgressSettings } from "./egress.ts";

const ANSWER_WITHIN = 5_000;

type NewRequest = AdminRequest extends infer R
  ? R extends AdminRequest
    ? Omit<R, "id">
    : never
  : never;
type AdminReply = { readonly report?: RunReport };

/** Events received about an open run. */
interface RunState {
  readonly onRefused: ((denial: Denial) => void) | undefined;
  /** Bytes of the connections that have ended. */
  ended: number;
  /** Bytes of all its connections, by the last report of usage. */
  moved: number;
}

/** Client for the proxy's admin socket. */
export class AdminClient {
  /** Resolves when the connection has ended, and with it every run opened on it. */
  readonly closed: Promise<void>;
  /** Certificate by which sandboxes know the proxy. Absent for a proxy that knows no bindings. */
  authority: string | undefined;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: AdminAnswer) => void>();
  readonly #runs = new Map<string, RunState>();
  #nextId = 1;
  /** Sessions that the proxy reported before there was a listener. */
  readonly #survivors: SurvivorEvent[] = [];
  #onSurvivor = (event: SurvivorEvent): void => {
    this.#survivors.push(event);
  };

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    // The proxy is trusted, but reads hostile bytes. So its lines are bounded.
    const decoder = new LineDecoder(MAX_ADMIN_LINE);
    socket.on("data", (chunk: Buffer) => this.#receive(decoder.push(chunk)));
    socket.on("error", () => socket.destroy());
  }

  /** Connects to the socket. Rejects if nobody listens there. */
  static connect(path: string): Promise<AdminClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => resolve(new AdminClient(socket)));
    });
  }

  /**
   * Sends the operator's settings. Resolves once the proxy has them, and has told its certificate, if it
   * has one: that comes before all answers.
   */
  async configure(settings: EgressSettings): Promise<void> {
    await this.ask({ op: "configure", ...settings });
  }

  /** Sends a request and resolves with the answer. Rejects with the proxy's error, or after 5 s. */
  async ask(request: NewRequest): Promise<AdminReply> {
    const id = this.#nextId;
    this.#nextId += 1;
    const line = `${JSON.stringify({ id, ...request })}\n`;
    if (line.length > MAX_ADMIN_LINE) throw new Error(`"${request.op}" is too long to be said`);
    const answered = new Promise<AdminAnswer>((resolve) => this.#waiting.set(id, resolve));
    const lost = this.closed.then(() => {
      throw new Error("The egress proxy closed its connection");
    });
    try {
      this.#socket.write(line);
      const answer = await deadline(
        Promise.race([answered, lost]),
        ANSWER_WITHIN,
        `The egress proxy's answer to "${request.op}"`,
      );
      if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
      return answer;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Records events of a run until `unlisten`, and calls `onRefused` for each refusal. */
  listen(run: string, onRefused?: (denial: Denial) => void): void {
    this.#runs.set(run, { onRefused, ended: 0, moved: 0 });
  }

  unlisten(run: string): void {
    this.#runs.delete(run);
  }

  /**
   * Returns the bytes of a run in both directions, as last reported. They count if no final report
   * comes.
   */
  bytesOf(run: string): number {
    const { ended, moved } = this.#runs.get(run) ?? { ended: 0, moved: 0 };
    return Math.max(ended, moved);
  }

  /**
   * Calls `listener` when a database session outlives its execution, and when such a session ends.
   */
  listenForSurvivors(listener: (event: SurvivorEvent) => void): void {
    this.#onSurvivor = listener;
    for (const event of this.#survivors.splice(0)) listener(event);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(lines: Iterable<string>): void {
    try {
      for (const line of lines) {
        const message = JSON.parse(line) as AdminAnswer | AdminEvent;
        if (isAdminEvent(message)) this.#pass(message);
        else if (message.id !== null) this.#waiting.get(message.id)?.(message);
      }
    } catch {
      this.#socket.destroy();
    }
  }

  #pass(event: AdminEvent): void {
    if (event.event === "survivor") this.#onSurvivor(event);
    else if (event.event === "authority") this.authority = event.certificate;
    else this.#hear(event);
  }

  #hear(event: Exclude<AdminEvent, SurvivorEvent | AuthorityEvent>): void {
    const state = this.#runs.get(event.run);
    if (state === undefined) return;
    if (event.event === "usage") state.moved = event.bytesOut + event.bytesIn;
    if (event.event === "end") state.ended += event.bytesOut + event.bytesIn;
    if (event.event !== "decision" || event.verdict !== "denied") return;
    const { host, port, code } = event;
    state.onRefused?.({ kind: "net", value: subjectText(host, port), by: "egress", code });
  }
}
