import type { CallLine } from "../../src/engines/contract/lines.ts";
import type { Granted } from "../../src/kernel/kernel.ts";
import type { Observer } from "../../src/request/types.ts";
import type { Counting } from "../http/unread/unread-responses.ts";
import type { StoredAnswer } from "../store/contract/idempotency.ts";
import { channelEvent } from "./channel-event.ts";
import { EVENT_STREAM_HEADERS, EventStream } from "./event-stream.ts";
import { REPLAYED, replayOf } from "./stored-answer.ts";

export interface Watched {
  readonly observer: Observer;
  readonly onGranted: (granted: Granted) => void;
  /** Id of the execution, and its calls, if it has functions of its caller. */
  readonly id?: string;
  readonly calls?: CallLine;
}

/** Calls of an execution to functions of the client that reads its events. */
export interface StreamCalls {
  readonly id: string;
  /** First event's data, as JSON. */
  readonly started: string;
  /** Begins the calls. `tell` takes the data of each event, and throws if there is no room for it. */
  begin(tell: (data: string) => void): CallLine;
  close(): void;
}

export interface StreamOptions {
  /** Counts the bytes that wait for the client, and makes room for an answer. */
  readonly counting: Counting;
  /** Functions of the client. Default: none. */
  readonly calls?: StreamCalls | undefined;
  /** Called if the client leaves before the end. */
  readonly onCancel: () => void;
  /** Runs the code and resolves with its answer as JSON. */
  readonly run: (watched: Watched) => Promise<string>;
  /** Makes the JSON body for an error. */
  readonly problem: (error: unknown) => Promise<string>;
}

/** Most bytes of channel messages in one stream. */
const MAX_CHANNEL = 16_777_216;

/**
 * Answers with the events of an execution as they happen. The last one is `result` or `error`.
 * Rejects for refusals before the first event, so that they are answered with their own status.
 */
export function streamed(options: StreamOptions): Promise<Response> {
  const { counting, calls, onCancel, run, problem } = options;
  const stream = new EventStream(onCancel);
  counting.onWaiting(() => stream.waiting);
  return new Promise((resolve, reject) => {
    let isOpen = false;
    const open = (): void => {
      if (isOpen) return;
      isOpen = true;
      resolve(new Response(stream.body, { headers: EVENT_STREAM_HEADERS }));
      if (calls !== undefined) stream.send("started", calls.started);
    };
    const failed = async (error: unknown): Promise<void> => {
      if (isOpen) stream.end("error", await problem(error));
      else {
        stream.discard();
        reject(error);
      }
    };
    const answered = (answer: string): void => {
      counting.reserve(Buffer.byteLength(answer));
      open();
      stream.end("result", answer);
    };
    const observer = observing(stream, open);
    const watched = { observer, onGranted: open };
    if (calls === undefined) {
      run(watched).then(answered).catch(failed);
      return;
    }
    const line = calls.begin((data) => {
      counting.reserve(Buffer.byteLength(data));
      stream.send("call", data);
    });
    run({ ...watched, id: calls.id, calls: line })
      .finally(() => calls.close())
      .then(answered)
      .catch(failed);
  });
}

/** Replays an answer as a stream with its last event. Room was made for its bytes already. */
export function streamOf(
  answer: StoredAnswer,
  { onWaiting }: Pick<Counting, "onWaiting">,
): Response {
  // An answer that comes later has no result yet.
  if (answer.status !== 200) return replayOf(answer);
  const stream = new EventStream(() => {});
  onWaiting(() => stream.waiting);
  stream.end("result", answer.body);
  const headers = { ...EVENT_STREAM_HEADERS, ...REPLAYED };
  return new Response(stream.body, { headers });
}

function observing(stream: EventStream, open: () => void): Observer {
  let messages = 0;
  return {
    onLog: (entry) => stream.offer("log", () => JSON.stringify(entry)),
    // Packages can take longer than a client waits for the first event.
    onPackages: (stage) => {
      open();
      stream.offer("packages", () => JSON.stringify({ stage }));
    },
    onDenied: (denial) => stream.offer("denied", () => JSON.stringify(denial)),
    onChannel: (topic, text) => {
      messages += topic.length + text.length;
      if (messages > MAX_CHANNEL) stream.skip();
      else stream.offer("channel", () => channelEvent(topic, text));
    },
  };
}
