/** Output of a worker that user code has made, on its way to the log of the execution. */
import { streamOf } from "../../src/protocol/inbound.ts";
import { clip, MAX_LOG_MESSAGE } from "../../src/protocol/limits.ts";
import {
  CONSOLE_LEVELS,
  type ConsoleLevel,
  type OutputStream,
} from "../../src/protocol/messages.ts";
import type { ConsoleLog } from "./log.ts";
import { ownValue } from "./walk.ts";

/** An entry of a nested worker, or the number of those it has dropped since it last said so. */
export type NestedEntry =
  | { readonly level: ConsoleLevel; readonly message: string; readonly stream?: OutputStream }
  | { readonly dropped: number }
  | { readonly url: string; readonly gone: boolean };

/** Characters of a URL of a blob. */
const MAX_URL = 256;

/** Most entries that a nested worker may say it has dropped at once. */
const MOST_DROPPED = 1_000_000_000;

/**
 * Adds the output of a nested worker to a log. Takes each field only with the right type. `onUrl`
 * gets each URL that the worker has made or given back.
 */
export function takeNested(
  output: unknown,
  log: ConsoleLog | undefined,
  onUrl: (url: string, gone: boolean) => void,
): void {
  if (typeof output !== "object" || output === null) return;
  const url = ownValue(output, "url");
  if (typeof url === "string") onUrl(clip(url, MAX_URL), ownValue(output, "gone") === true);
  if (log === undefined) return;
  const message = ownValue(output, "message");
  const dropped = ownValue(output, "dropped");
  if (typeof message === "string") {
    const text = clip(message, MAX_LOG_MESSAGE);
    log.take(levelOf(ownValue(output, "level")), text, streamOf(ownValue(output, "stream")));
  } else if (typeof dropped === "number" && dropped > 0 && dropped < MOST_DROPPED) {
    log.addDropped(dropped | 0);
  }
}

function levelOf(claim: unknown): ConsoleLevel {
  for (let i = 0; i < CONSOLE_LEVELS.length; i += 1) {
    if (CONSOLE_LEVELS[i] === claim) return CONSOLE_LEVELS[i] as ConsoleLevel;
  }
  return "log";
}
