import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer, ExecutionEvent } from "../../src/client/client.ts";
import type { Entry } from "../parts/log.tsx";

type Denial = NonNullable<Answer["denied"]>[number];

/** Most entries that are shown of an execution. */
const SHOWN = 2_000;

export interface Run {
  readonly running: boolean;
  readonly entries: readonly Entry[];
  readonly denied: readonly Denial[];
  readonly stage: string | undefined;
  readonly answer: Answer | undefined;
  readonly error: unknown;
}

const NONE: Run = {
  running: false,
  entries: [],
  denied: [],
  stage: undefined,
  answer: undefined,
  error: undefined,
};

/** Runs one execution at a time, and shows it as it goes on. */
export function useRun() {
  const [run, setRun] = useState(NONE);
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);

  const start = async (open: (signal: AbortSignal) => AsyncIterable<ExecutionEvent>) => {
    controller.current?.abort();
    const own = new AbortController();
    controller.current = own;
    const change = (next: (run: Run) => Run): void => {
      if (controller.current === own) setRun(next);
    };
    setRun({ ...NONE, running: true });
    try {
      for await (const event of open(own.signal)) change((run) => after(run, event));
      change((run) => ({ ...run, running: false }));
    } catch (error) {
      const reason = own.signal.aborted ? new Error("Stopped") : error;
      change((run) => ({ ...run, running: false, error: reason }));
    }
  };
  return { run, start, stop: () => controller.current?.abort() };
}

function after(run: Run, { type, data }: ExecutionEvent): Run {
  if (type === "log") return { ...run, entries: shown([...run.entries, data]) };
  if (type === "denied") return { ...run, denied: [...run.denied, data] };
  if (type === "packages") return { ...run, stage: data.stage };
  if (type === "channel") {
    const message = `${data.topic}: ${JSON.stringify(data.data)}`;
    return {
      ...run,
      entries: shown([...run.entries, { level: "info", message, timestamp: Date.now() }]),
    };
  }
  // A request without functions of the caller has no such events.
  if (type === "started" || type === "call") return run;
  // The answer has all entries, also those that the stream has left out.
  return { ...run, answer: data, entries: shown(data.logs ?? []), denied: data.denied ?? [] };
}

function shown(entries: readonly Entry[]): readonly Entry[] {
  return entries.length > SHOWN ? entries.slice(-SHOWN) : entries;
}
