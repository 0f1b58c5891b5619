/** Failures of code, told apart by a caller over HTTP and by one of the library. */
import { createIsolate } from "isolate";

interface ExecuteResult {
  ok: boolean;
  result?: unknown;
  logs?: Array<{
    level: "log" | "info" | "warn" | "error" | "exception";
    message: string;
    timestamp: number;
    name?: string;
    stack?: string;
  }>;
  duration: number;
}

const ADVICE: Readonly<Record<string, string>> = {
  TimeoutError: "It takes too long",
  EntryError: "It has no such function",
  PayloadTooLarge: "It is too large",
};

/** Returns the result, or throws what the user is to be told. */
export async function safely(url: string, code: string, input: unknown): Promise<unknown> {
  const response = await fetch(`${url}/execute`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, input }),
  });
  if (!response.ok) throw new Error(`It was refused: ${response.status} ${await response.text()}`);
  const answer = (await response.json()) as ExecuteResult;
  if (answer.ok) return answer.result;
  const exception = answer.logs?.find(({ level }) => level === "exception");
  throw new Error(ADVICE[exception?.name ?? ""] ?? `It failed: ${exception?.message}`);
}

/** A failure as a monitor keeps it. */
export interface Failure {
  readonly type: string;
  readonly message: string;
  readonly code: string;
  readonly duration: number;
  readonly lines: readonly string[];
}

/** Runs code, and reports how it failed. */
export async function monitored(
  code: string,
  input: unknown,
  report: (failure: Failure) => void,
): Promise<void> {
  const isolate = await createIsolate();
  const output = await isolate.execute({ code, input, timeout: 5_000 });
  if (!output.ok) {
    const { name, message, stack = "" } = output.error;
    const errors = output.logs?.filter(({ level }) => level === "error") ?? [];
    report({
      type: name,
      message: output.error.name === "TimeoutError" ? "Too slow" : `${message}${stack}`,
      code: code.substring(0, 100),
      duration: output.duration,
      lines: errors.map((entry) => `[${entry.level}] ${entry.message}`),
    });
  }
  await isolate.close();
}
