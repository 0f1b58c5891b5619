import type { FunctionLogs } from "../../src/client/types.ts";
import { timeOf } from "../code/durations.ts";
import { LOG_LEVELS } from "../code/log-levels.ts";
import { numberOf, oneOf } from "../code/request-flags.ts";
import { logLine } from "../code/show-answer.ts";
import { defineCommand } from "../command/define.ts";
import { clientFor, SERVER_FLAGS } from "../profile/server.ts";
import { type Paint, paintFor } from "../terminal/paint.ts";
import { note, print, printJsonLine } from "../terminal/print.ts";

/** `isolate logs`: with --json a line for each execution, because following has no end. */
export const logs = defineCommand({
  meta: {
    name: "logs",
    description: "Shows what a function's executions have logged, the newest execution first",
    examples: [
      "isolate logs greet --follow",
      "isolate logs greet --level error --since 1h",
      "isolate logs greet --json | head -1",
    ],
  },
  args: {
    name: { type: "positional", description: "Name of the function", required: true },
    follow: { type: "boolean", description: "Goes on with entries as they are written" },
    level: { type: "string", description: "Least level", valueHint: LOG_LEVELS.join("|") },
    version: { type: "string", description: "One version alone", valueHint: "number" },
    since: { type: "string", description: "Start, as 10m or in ISO 8601", valueHint: "time" },
    ...SERVER_FLAGS,
  },
  async run({ args, context }) {
    const { level, version, since, follow, json } = args;
    const { functions } = await clientFor(args, context);
    const paint = paintFor(process.stdout, context.env);
    const found = functions.logs(args.name, {
      ...(level !== undefined && { level: oneOf("level", level, LOG_LEVELS) }),
      ...(version !== undefined && { version: numberOf("version", version) }),
      ...(since !== undefined && { since: timeOf("since", since) }),
      follow,
      signal: context.signal,
      onDropped: (events) => note(paint("dim", `${events} events were left out`)),
    });
    for await (const execution of found) {
      context.signal.throwIfAborted();
      if (json) printJsonLine(execution);
      else for (const line of linesOf(execution, paint)) print(line);
    }
  },
});

function linesOf({ executionId, logs, logsDropped = 0 }: FunctionLogs, paint: Paint): string[] {
  const lines = logs.map((entry) => {
    const time = paint("dim", new Date(entry.timestamp).toISOString());
    const name = entry.name === undefined ? "" : `${entry.name}: `;
    const level = entry.level.padEnd(9);
    return `${time} ${executionId.slice(-8)} ${level} ${logLine({ ...entry, message: name + entry.message }, paint)}`;
  });
  return logsDropped > 0 ? [...lines, paint("dim", `${logsDropped} entries were left out`)] : lines;
}
