import type { ExecuteRequest } from "../request/types.ts";
import { IsolateClientError } from "./errors.ts";
import type { ExecutionEvent } from "./events.ts";
import { stream } from "./invoke.ts";
import { segment, type Transport } from "./transport.ts";
import type { RunOptions } from "./types.ts";

/** Most characters of an error's name and message that the server takes. The client imports nothing of it. */
const [MAX_NAME, MAX_MESSAGE] = [256, 16_384];

/** A function that code in the sandbox may call. */
export interface CallerFunction {
  /** Text for whoever reads `dts`. */
  readonly description?: string;
  /** JSON Schema of its argument. Nothing is checked by it. */
  readonly schema?: boolean | Record<string, unknown>;
  /** Answers a call. The argument comes from the code, so check it. A returned promise is awaited. */
  run(args: never): unknown;
}

export interface StreamOptions extends RunOptions {
  /** Functions that the code calls as `tools.name(argument)`. */
  readonly functions?: Readonly<Record<string, CallerFunction>>;
}

interface CallEvent {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
}

/**
 * Runs code, answers its calls, and yields all events. Calls are answered while the caller asks for the
 * next event.
 */
export async function* calledStream(
  transport: Transport,
  request: ExecuteRequest,
  functions: Readonly<Record<string, CallerFunction>>,
  options: RunOptions,
): AsyncGenerator<ExecutionEvent, void> {
  const failed = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failed.signal]) : failed.signal;
  const declared = Object.fromEntries(
    Object.entries(functions).map(([name, { run: _run, ...declaration }]) => [name, declaration]),
  );
  let execution = "";
  const body = { ...request, functions: declared };
  for await (const event of stream(transport, "/execute", body, { ...options, signal })) {
    if (event.type === "started") execution = event.data.id;
    if (event.type === "call") {
      answer(transport, execution, event.data, functions).catch((error) => failed.abort(error));
    }
    yield event;
  }
}

async function answer(
  transport: Transport,
  execution: string,
  { id, name, args }: CallEvent,
  functions: Readonly<Record<string, CallerFunction>>,
): Promise<void> {
  const path = `/executions/${segment(execution)}/calls/${segment(id)}`;
  const send = async (body: object): Promise<void> => {
    // The execution may have ended meanwhile.
    await transport.send(path, { method: "POST", body }).catch((error: unknown) => {
      if (codeOf(error) !== "CALL_NOT_FOUND") throw error;
    });
  };
  try {
    const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
    const result = (await found?.run(args as never)) ?? null;
    // A function is no JSON by itself.
    return await send({ result: JSON.stringify(result) === undefined ? null : result });
  } catch (error) {
    // One that is too large is refused, so that the code gets an error.
    if (error instanceof IsolateClientError && error.status !== 413) throw error;
    const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
    const fault = {
      name: kind.slice(0, MAX_NAME),
      message: message.slice(0, MAX_MESSAGE),
    };
    await send({ error: fault });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof IsolateClientError ? error.code : undefined;
}
