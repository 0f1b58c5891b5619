import { messageOf } from "../../src/base/errors.ts";
import { IsolateClientError } from "../../src/client/errors.ts";
import { paintFor } from "../terminal/paint.ts";
import { note, printJson } from "../terminal/print.ts";
import { visible } from "../terminal/visible.ts";
import { adviceFor } from "./advice.ts";
import type { Context } from "./define.ts";
import { BrokenPipe, Interrupted } from "./errors.ts";

/** Tells a person or a program why a command has failed. Returns the exit code. */
export function tellFailure(error: unknown, { env }: Context, json: boolean): number {
  const code = (error as { exitCode?: unknown } | undefined)?.exitCode;
  const exitCode = typeof code === "number" ? code : 1;
  if (error instanceof BrokenPipe) return exitCode;
  const paint = paintFor(process.stderr, env);
  if (error instanceof Interrupted) {
    note(paint("yellow", "Interrupted"));
    return exitCode;
  }
  const advice = adviceFor(error, env);
  if (json) printJson({ error: fieldsOf(error, advice) });
  else {
    note(`${paint("red", "error")} ${visible(headOf(error))}`);
    const frame = error instanceof IsolateClientError ? error.location?.frame : undefined;
    if (frame !== undefined) note(visible(frame));
    if (advice !== undefined) note(`  → ${visible(advice)}`);
  }
  return exitCode;
}

function headOf(error: unknown): string {
  if (!(error instanceof IsolateClientError)) return causeOf(error);
  return `${error.message} (${error.status} ${error.code})`;
}

/** Returns the message of an error, or of its cause if that says more: `fetch` hides what went wrong. */
function causeOf(error: unknown): string {
  const cause = error instanceof TypeError ? error.cause : undefined;
  if (!(cause instanceof Error)) return messageOf(error);
  const { code, message } = cause as NodeJS.ErrnoException;
  return message || code || messageOf(error);
}

function fieldsOf(error: unknown, advice: string | undefined): object {
  const more = advice === undefined ? {} : { advice };
  if (!(error instanceof IsolateClientError)) {
    const name = error instanceof Error ? error.name : "Error";
    return { name, message: causeOf(error), ...more };
  }
  const { name, status, code, message, field, location, requestId, retryAfter } = error;
  return { name, status, code, message, field, location, requestId, retryAfter, ...more };
}
