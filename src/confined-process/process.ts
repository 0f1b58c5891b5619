import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { EngineUnavailable } from "../base/errors.ts";
import { ownDescriptors } from "../base/inherited-descriptors.ts";
import { jsonShape } from "../base/json-shape.ts";
import type { Command } from "./command.ts";

/** Milliseconds until a started process must accept a question. */
const READY_WITHIN = 30_000;
const MAX_COMPLAINT = 500;
/** Bytes on standard error after which a process is ended, because reading them takes our time. */
const MAX_SAID = 65_536;
/**
 * Arrays and objects in the facts of an answer. They are parsed on the loop that serves requests.
 */
const MAX_CONTAINERS = 50_000;

/** Failure of a confined process: it broke a limit, or could not handle its input. */
export class ConfinedFailure extends Error {
  override readonly name = "ConfinedFailure";
}

/** Answer to one question, as the process claims it. Nothing in it has been checked. */
export interface ClaimedReply {
  readonly answer: unknown;
  readonly payload: Buffer;
}

export interface AskLimits {
  /** Most milliseconds for an answer. */
  readonly timeout: number;
  /** Most bytes of the whole answer. */
  readonly bytes: number;
  /** Most bytes of its facts as JSON. */
  readonly facts: number;
}

/** A running confined process. It answers one question after the other. */
export class ConfinedProcess {
  readonly #child: ChildProcess;
  readonly #blocks: AsyncGenerator<Buffer>;
  /** Bytes that it may still write. */
  #allowance = 4;
  #complaint = "";
  #said = 0;
  #ended = false;
  #worked = 0;
  #given = 0;

  private constructor({ file, args, cwd, env }: Command) {
    // Started in a process group of its own, so that all of it can be killed.
    const stdio = ownDescriptors(["pipe", "pipe", "pipe"]) as StdioOptions;
    this.#child = spawn(file, args, { cwd, env, stdio, detached: true });
    this.#child.on("error", () => this.kill());
    this.#child.on("exit", () => {
      this.#ended = true;
    });
    this.#child.stdin?.on("error", () => {});
    this.#child.stdout?.on("error", () => {});
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = `${this.#complaint}${text}`.slice(0, MAX_COMPLAINT);
      this.#said += text.length;
      if (this.#said > MAX_SAID) this.kill();
    });
    this.#blocks = this.#receive(this.#child.stdout as Readable);
  }

  /**
   * Starts a process and resolves once it accepts a question. With `isWaitedFor`, it keeps this
   * process of Node from exiting.
   *
   * @throws {EngineUnavailable} If it does not start.
   */
  static async start(
    command: Command,
    { script, assets }: { script: Uint8Array; assets: readonly Uint8Array[] },
    isWaitedFor: boolean,
  ): Promise<ConfinedProcess> {
    const started = new ConfinedProcess(command);
    started.waitedFor = isWaitedFor;
    const timer = setTimeout(() => started.kill(), READY_WITHIN).unref();
    try {
      await started.#send([block(script), [numberOf(assets.length)], ...assets.map(block)].flat());
      if ((await started.#blocks.next()).done !== true) return started;
      const said = started.#complaint.trim();
      throw new EngineUnavailable(
        `A confined process cannot be started: ${said || "it has ended"}`,
      );
    } catch (error) {
      started.kill();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Milliseconds it has spent on answers in all. */
  get worked(): number {
    return this.#worked;
  }

  /** Bytes of all its inputs. */
  get given(): number {
    return this.#given;
  }

  /**
   * Asks one question.
   *
   * @throws {ConfinedFailure} If it breaks a limit or fails. The process is gone then.
   */
  async ask(input: unknown, payload: Uint8Array, limits: AskLimits): Promise<ClaimedReply> {
    const timer = setTimeout(() => this.kill(), limits.timeout);
    const since = performance.now();
    this.#allowance = limits.bytes;
    try {
      const question = Buffer.from(JSON.stringify(input));
      this.#given += question.length + payload.length;
      await this.#send([...block(question), ...block(payload)]);
      const { value: answer } = await this.#blocks.next();
      const { value: bytes } = await this.#blocks.next();
      if (bytes !== undefined) return { answer: factsOf(answer, limits), payload: bytes };
    } catch {
      // A bad answer and a broken pipe both mean that it failed.
    } finally {
      clearTimeout(timer);
      this.#worked += performance.now() - since;
    }
    this.kill();
    throw new ConfinedFailure("It failed within the limits of time and memory");
  }

  /** Sets whether it keeps this process of Node from exiting. */
  set waitedFor(isWaitedFor: boolean) {
    const { stdin, stdout, stderr } = this.#child;
    for (const each of [this.#child, stdin, stdout, stderr] as (Referable | null)[]) {
      if (isWaitedFor) each?.ref?.();
      else each?.unref?.();
    }
  }

  kill(): void {
    const { pid, stdin, stdout, stderr } = this.#child;
    const ended = this.#ended;
    this.#ended = true;
    for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    if (pid === undefined || ended) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // All processes of the group have ended.
    }
  }

  async #send(parts: readonly Uint8Array[]): Promise<void> {
    const stdin = this.#child.stdin as Writable;
    for (const part of parts) {
      await new Promise<void>((resolve) => stdin.write(part, () => resolve()));
    }
  }

  /** Yields the blocks of the output. Ends at its end, and when it is too long. */
  async *#receive(output: Readable): AsyncGenerator<Buffer> {
    let chunks: Buffer[] = [];
    let size = 0;
    let expected: number | undefined;
    try {
      for await (const chunk of output as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        size += chunk.length;
        this.#allowance -= chunk.length;
        if (this.#allowance < 0) return;
        while (size >= (expected ?? 4)) {
          const all = Buffer.concat(chunks, size);
          const taken = expected ?? 4;
          chunks = [all.subarray(taken)];
          size -= taken;
          if (expected !== undefined) yield all.subarray(0, taken);
          expected = expected === undefined ? all.readUInt32BE(0) : undefined;
        }
      }
    } catch {
      // The process was killed while it was writing.
    }
  }
}

/** Parses an answer's facts. Throws for facts that would take long to parse. */
function factsOf(answer: Buffer | undefined, { facts }: AskLimits): unknown {
  const text = String(answer);
  if (text.length > facts || jsonShape(text).containers > MAX_CONTAINERS)
    throw new Error("Too long");
  return JSON.parse(text);
}

interface Referable {
  ref?(): void;
  unref?(): void;
}

function numberOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function block(bytes: Uint8Array): Uint8Array[] {
  return [numberOf(bytes.length), bytes];
}
