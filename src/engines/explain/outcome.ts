import { jsonShape } from "../../base/json-shape.ts";
import { JsonText, partsOfText } from "../../base/json-text.ts";
import { MAX_CONTAINERS, MAX_DEPTH, MAX_NAMES } from "../../protocol/limits.ts";
import type { Fault, JobAnswer, ResultForm } from "../../protocol/messages.ts";
import { decodeRich, RichError } from "../../protocol/rich.ts";
import type { Denial, LogEntry, OutcomeName, Output, SandboxLevel } from "../../request/types.ts";
import type { Artifacts } from "../contract/artifacts.ts";
import type { JobUsage, Outcome, ReadResult, Status } from "../contract/contract.ts";
import { shownArtifacts } from "./artifacts.ts";
import { denialOf, type Grantable, permissionFor } from "./denials.ts";
import { hintFor, type Known, proxyHint } from "./hints.ts";
import { stackText } from "./stack-text.ts";

/** Characters from which a result is read by `readResult`. */
const LARGE = 65_536;

const NO_BYTES = new Uint8Array(0);

/** Resource use of a job that was not measured. */
export const NOT_MEASURED: JobUsage = {
  queued: 0,
  cpu: null,
  peakMemory: null,
  bytesOut: 0,
  egressBytes: 0,
  channelDropped: 0,
};

export interface Collected {
  readonly logs: LogEntry[];
  readonly logsDropped: number;
  /** Variables that code read from `process.env` without a grant; absent if there are none. */
  readonly ungranted?: readonly string[];
  /** Refusals that are known; absent if there are none. */
  readonly denied?: readonly Denial[];
  readonly artifacts?: Artifacts | undefined;
  readonly duration: number;
  readonly usage?: JobUsage;
}

/** Turns a sandbox's final message into an outcome. The result is parsed here, once. */
export function toOutcome(
  ending: JobAnswer,
  soFar: Collected,
  level: SandboxLevel,
  form: ResultForm = "json",
  known?: Known,
): Outcome {
  const fail = (fault: Fault): Outcome => failure("error", fault, collected, level, known);
  const collected = withEnding(soFar, ending);
  if (ending.type === "error") return fail(ending.fault);
  if (ending.text === undefined) return { status: "ok", ...collected };
  const { text, binary = NO_BYTES } = ending;
  const excess = excessOf(text);
  if (excess !== undefined) return fail(excess);
  try {
    const result = form === "rich" ? decodeRich({ text, binary }) : JSON.parse(text);
    return { status: "ok", result, ...collected };
  } catch (thrown) {
    const message = thrown instanceof RichError ? thrown.message : "The result is not JSON";
    return fail(serializationError(message));
  }
}

/**
 * Does the same as `toOutcome()`, but has `readResult` read a large result, if it is given. Then a
 * small result that would be written otherwise than it was is `JsonText` as well.
 */
export async function readOutcome(
  ending: JobAnswer,
  soFar: Collected,
  level: SandboxLevel,
  form: ResultForm = "json",
  readResult?: ReadResult,
  known?: Known,
): Promise<Outcome> {
  const text = ending.type === "result" ? ending.text : undefined;
  if (readResult === undefined || form !== "json" || text === undefined || text.length < LARGE) {
    const outcome = toOutcome(ending, soFar, level, form, known);
    if (readResult === undefined || text === undefined || outcome.status !== "ok") return outcome;
    // A number of more digits than a double holds is another one as a value.
    const isWhole = form !== "json" || JSON.stringify(outcome.result) === text;
    return isWhole ? outcome : { ...outcome, result: new JsonText(partsOfText(text)) };
  }
  const collected = withEnding(soFar, ending);
  const excess = excessOf(text);
  if (excess !== undefined) return failure("error", excess, collected, level);
  try {
    return { status: "ok", result: await readResult(text), ...collected };
  } catch {
    const fault = serializationError("The result is not JSON");
    return failure("error", fault, collected, level);
  }
}

/** Adds what the final message tells beside its result or fault. */
function withEnding(soFar: Collected, { dropped, ungranted = [] }: JobAnswer): Collected {
  const logsDropped = Math.max(soFar.logsDropped, dropped);
  if (ungranted.length === 0) return { ...soFar, logsDropped };
  const refused = ungranted.map((value): Denial => ({ kind: "env", value, by: "worker" }));
  return { ...soFar, logsDropped, ungranted, denied: [...(soFar.denied ?? []), ...refused] };
}

/** Returns the fault of a result that exceeds a limit of its shape. */
function excessOf(text: string): Fault | undefined {
  const { depth, containers, names } = jsonShape(text);
  if (depth > MAX_DEPTH + 1) {
    const message = `The result is nested deeper than ${MAX_DEPTH} levels`;
    return serializationError(message);
  }
  if (containers > MAX_CONTAINERS) {
    const message = `The result holds more than ${MAX_CONTAINERS} arrays and objects`;
    return { name: "OutputLimitError", message };
  }
  if (names > MAX_NAMES) {
    const message = `The result holds more than ${MAX_NAMES} members of objects`;
    return { name: "OutputLimitError", message };
  }
  return undefined;
}

/** Converts an outcome into the caller's output, without the time before the job. */
export function toOutput(outcome: Outcome, level: SandboxLevel, grantable?: Grantable): Output {
  const { status, result, logs, logsDropped, denied = [], duration } = outcome;
  const { usage = NOT_MEASURED, ungranted = [], artifacts } = outcome;
  return {
    ok: status === "ok",
    outcome: outcomeName(outcome),
    ...(result !== undefined && { result }),
    ...(logs.length > 0 && { logs }),
    ...(logsDropped > 0 && { logsDropped }),
    ...(denied.length > 0 && {
      denied: denied.map((denial) => withPermission(denial, level, grantable)),
    }),
    ...(artifacts && shownArtifacts(artifacts)),
    ...(ungranted.length > 0 && { warnings: [ungrantedWarning(ungranted)] }),
    duration,
    usage: { wall: duration, ...usage },
  };
}

/**
 * Names an outcome. A sandbox may choose the name of its fault, but its end and the time are
 * measured outside.
 */
export function outcomeName({ status, fault }: Outcome): OutcomeName {
  switch (status) {
    case "crash":
      return fault?.name === "MemoryError" ? "memory" : "crash";
    case "error":
      return fault?.name === "OutputLimitError" ? "output_limit" : "exception";
    default:
      return status;
  }
}

function ungrantedWarning(names: readonly string[]): string {
  return `${names.map((name) => `process.env.${name}`).join(", ")}: not granted, so undefined`;
}

/** Adds to a denial the permission that would have allowed it, if there is one. */
export function withPermission(denial: Denial, level: SandboxLevel, grantable?: Grantable): Denial {
  const permission = permissionFor(denial, level, grantable);
  return permission === undefined ? denial : { ...denial, permission };
}

/** Builds an outcome without a result. Its fault becomes the last log entry. */
export function failure(
  status: Status,
  fault: Fault,
  collected: Collected,
  level: SandboxLevel,
  known?: Known,
): Outcome {
  const denial = denialOf(fault);
  const hint = hintFor(fault, denial, level, known) ?? proxyHint(fault, collected.denied);
  const before = collected.denied ?? [];
  // A variable that code has read in both ways is told once.
  const isNew = denial && !(denial.kind === "env" && collected.ungranted?.includes(denial.value));
  const denied = isNew ? [...before, denial] : before;
  const timestamp = Date.now();
  const stack = stackText(fault);
  const exception: LogEntry = {
    level: "exception",
    ...fault,
    ...(stack !== undefined && { stack }),
    ...(hint && { hint }),
    timestamp,
  };
  return { status, fault, ...collected, denied, logs: [...collected.logs, exception] };
}

function serializationError(message: string): Fault {
  return { name: "SerializationError", message };
}
