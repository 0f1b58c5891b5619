import { z } from "zod";
import type { LogEntry, Output } from "../../src/request/types.ts";
import type { PistonRuntime } from "./runtimes.ts";

const stage = z.object({
  stdout: z.string(),
  stderr: z.string(),
  output: z.string().meta({ description: "Both in the order of their lines" }),
  code: z.int().nullable().meta({ description: "Exit code; null after a signal" }),
  signal: z.string().nullable(),
  message: z.string().nullable(),
  status: z.string().nullable().meta({
    description:
      "RE after a failure, TO after a timeout, SG after a signal, OL for too much output",
  }),
  cpu_time: z.number().nullable().meta({ description: "Milliseconds" }),
  wall_time: z.number().nullable().meta({ description: "Milliseconds" }),
  memory: z.int().nullable().meta({ description: "Bytes" }),
});

export const pistonAnswer = z
  .object({ language: z.string(), version: z.string(), run: stage })
  .meta({ id: "PistonAnswer" });

type Stage = z.output<typeof stage>;
type End = Pick<Stage, "code" | "signal" | "message" | "status">;

const KILLED = { code: null, signal: "SIGKILL" };

/** Ends by outcome, beside those that an exception has. */
const ENDS: Readonly<Record<Exclude<Output["outcome"], "exception">, End>> = {
  ok: { code: 0, signal: null, message: null, status: null },
  timeout: { ...KILLED, message: "Time limit exceeded", status: "TO" },
  memory: { ...KILLED, message: "Memory limit exceeded", status: "SG" },
  output_limit: { ...KILLED, message: "Output limit exceeded", status: "OL" },
  crash: { ...KILLED, message: "The sandbox ended", status: "SG" },
};

/** Message of the exception after `process.exit(3)` or `Deno.exit(3)`. */
const EXIT = /^Code called (?:process|Deno)\.exit\((\d{1,10})\)$/;

/** Makes the answer for a program that has run. */
export function answerOfRun({ language, version }: PistonRuntime, output: Output) {
  const { outcome, logs = [], usage, duration } = output;
  const failure = outcome === "exception" ? logs.findLast(isException) : undefined;
  const exit = failure?.name === "ExitError" ? EXIT.exec(failure.message) : null;
  const written = logs.filter((entry) => !isException(entry) || (entry === failure && !exit));
  const end = outcome === "exception" ? endOfException(exit?.[1]) : ENDS[outcome];
  const run: Stage = {
    ...textsOf(written),
    ...end,
    cpu_time: usage.cpu,
    wall_time: duration,
    memory: usage.peakMemory,
  };
  return { language, version, run };
}

/** Makes the answer for a program that does not parse, as a run that fails at once. */
export function answerOfFault({ language, version }: PistonRuntime, message: string) {
  const text = `SyntaxError: ${message}\n`;
  const end = endOfException(undefined);
  const unknown = { cpu_time: null, wall_time: null, memory: null };
  return { language, version, run: { stdout: "", stderr: text, output: text, ...end, ...unknown } };
}

function endOfException(exitCode: string | undefined): End {
  const code = exitCode === undefined ? 1 : Number(exitCode) % 256;
  return { code, signal: null, message: null, status: code === 0 ? null : "RE" };
}

const isException = ({ level }: LogEntry): boolean => level === "exception";

/** Sorts the entries into two streams. Each entry is a line. */
function textsOf(entries: readonly LogEntry[]): Pick<Stage, "stdout" | "stderr" | "output"> {
  const of = (chosen: readonly LogEntry[]): string =>
    chosen.map((entry) => `${lineOf(entry)}\n`).join("");
  return {
    stdout: of(entries.filter((entry) => !isError(entry))),
    stderr: of(entries.filter(isError)),
    output: of(entries),
  };
}

function isError({ level, stream }: LogEntry): boolean {
  if (stream !== undefined) return stream === "stderr";
  return level === "error" || level === "warn" || level === "exception";
}

function lineOf({ level, message, name, stack }: LogEntry): string {
  return level === "exception" ? (stack ?? `${name ?? "Error"}: ${message}`) : message;
}
