import { errorOf } from "./errors.ts";
import { messagesOf } from "./events.ts";
import type { Transport } from "./transport.ts";
import type { FunctionLogs, FunctionLogsQuery } from "./types.ts";

export interface LogsOptions extends Omit<FunctionLogsQuery, "cursor" | "follow" | "version"> {
  /** Version of the function. Default: all. */
  readonly version?: number;
  /** True for entries as they are written, from now on. Default: those that are kept. */
  readonly follow?: boolean;
  /** Ends the iteration when aborted. */
  readonly signal?: AbortSignal;
  /** Receives the number of events that this reader was too slow for, if it follows. */
  readonly onDropped?: (events: number) => void;
}

/** Yields kept logs page by page, the newest execution first, or follows. */
export async function* logs(
  transport: Transport,
  path: string,
  { follow = false, signal, onDropped, ...query }: LogsOptions,
): AsyncGenerator<FunctionLogs, void> {
  if (follow) {
    const headers = { Accept: "text/event-stream" };
    const call = { query: { ...query, follow: "true" }, headers, signal };
    yield* followed(await transport.send(path, call), onDropped);
    return;
  }
  let cursor: string | undefined;
  do {
    type Page = { executions: FunctionLogs[]; next?: string };
    const call = { query: { ...query, cursor }, signal };
    const page = await transport.json<Page>(path, call);
    yield* page.executions;
    cursor = page.next;
  } while (cursor !== undefined);
}

/**
 * Yields what a stream of logs tells, up to its end by the server.
 *
 * @throws {Error} if the connection ends before that.
 */
async function* followed(
  response: Response,
  onDropped: LogsOptions["onDropped"],
): AsyncGenerator<FunctionLogs, void> {
  const { body } = response;
  if (body === null) throw await errorOf(response);
  for await (const { event, data } of messagesOf(body, "the end of the logs")) {
    const told = JSON.parse(data);
    if (event === "logs") yield told as FunctionLogs;
    else if (event === "dropped") onDropped?.((told as { events: number }).events);
    else if (event === "end") return;
  }
}
