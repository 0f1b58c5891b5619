import type { ExecutionEvent } from "../../src/client/events.ts";
import type { Answer } from "../../src/client/types.ts";
import { CommandError } from "../command/errors.ts";
import type { Paint } from "../terminal/paint.ts";
import { note, print, printJson } from "../terminal/print.ts";
import { Progress } from "../terminal/progress.ts";
import { jsonOf, visible } from "../terminal/visible.ts";
import { failureLines, logLine } from "./show-answer.ts";

/** Shows an execution's events as they come: logs on standard error, the result on standard output. */
export async function showStream(
  events: AsyncGenerator<ExecutionEvent, void>,
  { json, paint }: { readonly json: boolean; readonly paint: Paint },
): Promise<Answer> {
  const progress = new Progress();
  progress.show("running");
  let answer: Answer | undefined;
  try {
    for await (const { type, data } of events) {
      if (type === "packages") progress.show(`packages: ${visible(data.stage)}`);
      if (type === "result") answer = data;
      if (json) continue;
      if (type === "log" && data.level !== "exception") {
        progress.stop();
        note(logLine(data, paint));
      }
      if (type === "channel") {
        progress.stop();
        note(paint("dim", `${visible(data.topic)} ${jsonOf(data.data)}`));
      }
    }
  } finally {
    progress.stop();
  }
  if (answer === undefined) throw new CommandError("The server has sent no result");
  if (json) printJson(answer);
  else showAnswer(answer, paint);
  return answer;
}

/** Shows an answer that has come as a whole, as `showStream()` does. */
export function showWhole(
  answer: Answer,
  { json, paint }: { readonly json: boolean; readonly paint: Paint },
): void {
  if (json) {
    printJson(answer);
    return;
  }
  for (const entry of answer.logs ?? []) {
    if (entry.level !== "exception") note(logLine(entry, paint));
  }
  showAnswer(answer, paint);
}

function showAnswer(answer: Answer, paint: Paint): void {
  const { ok, result, plan, warnings = [], logsDropped = 0 } = answer;
  if (logsDropped > 0) note(paint("dim", `${logsDropped} log entries were left out`));
  for (const warning of warnings) note(`${paint("yellow", "warning")} ${visible(warning)}`);
  if (plan !== undefined) note(jsonOf(plan, 2));
  if (!ok) for (const line of failureLines(answer, paint)) note(line);
  else if (result !== undefined) print(jsonOf(result, process.stdout.isTTY ? 2 : undefined));
}
