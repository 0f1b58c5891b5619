import type { EventSourceMessage } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Denial, LogEntry } from "../request/types.ts";
import { errorOf, IsolateClientError, type ProblemBody } from "./errors.ts";
import type { Answer } from "./types.ts";

/** An event of an execution's stream. The last one is `result`. */
export type ExecutionEvent =
  | { readonly type: "started"; readonly data: { readonly id: string; readonly dts: string } }
  | {
      readonly type: "call";
      readonly data: { readonly id: string; readonly name: string; readonly args: unknown };
    }
  | { readonly type: "log"; readonly data: LogEntry }
  | { readonly type: "channel"; readonly data: { readonly topic: string; readonly data: unknown } }
  | { readonly type: "denied"; readonly data: Denial }
  | { readonly type: "packages"; readonly data: { readonly stage: string } }
  | { readonly type: "result"; readonly data: Answer };

/**
 * Yields the events of a response as they arrive, up to `result`. Leaving the loop ends the
 * execution.
 *
 * @throws {IsolateClientError} if the server fails before the result.
 * @throws {Error} if the connection ends before the result.
 */
export async function* eventsOf(response: Response): AsyncGenerator<ExecutionEvent, void> {
  const { body } = response;
  if (body === null) throw await errorOf(response);
  for await (const { event, data: text } of messagesOf(body, "the result")) {
    const data = JSON.parse(text);
    if (event === "error") {
      throw new IsolateClientError(response, (data as { error: ProblemBody }).error);
    }
    yield { type: event, data } as ExecutionEvent;
    if (event === "result") return;
  }
}

/**
 * Yields the events of a body. Leaving the loop closes it.
 *
 * @throws {Error} if the connection ends. `last` names what had to come before.
 */
export async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  last: string,
): AsyncGenerator<EventSourceMessage, void> {
  const messages = body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream());
  const reader = messages.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`The connection ended before ${last}`);
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
