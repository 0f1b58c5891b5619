import { z } from "zod";
import { BadRequest } from "../../src/base/errors.ts";
import { nameParams } from "../../src/contract/functions.ts";
import {
  executionLogs,
  functionLogs,
  functionLogsQuery,
  LOGS_PAGE,
} from "../../src/contract/logs.ts";
import type { FunctionCatalogue } from "../functions/catalogue.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { type Route, route } from "../http/route.ts";
import type { LogFollowers } from "../replies/log-followers.ts";
import { droppedText, filtered, functionLogsText } from "../replies/log-text.ts";
import { wantsEvents } from "../replies/wanted-mode.ts";
import type { ExecutionWriter } from "../runs/execution-writer.ts";
import { levelOf } from "../runs/kept-logs.ts";
import type { RunningLogs } from "../runs/running-logs.ts";
import type { Executions } from "../store/contract/executions.ts";
import type { JobRow, Jobs } from "../store/contract/jobs.ts";
import type { Logs } from "../store/contract/logs.ts";
import { noSuchExecution } from "./executions.ts";

export interface LogsParts {
  readonly executions: Executions;
  readonly logs: Logs;
  readonly executionWriter: ExecutionWriter;
  readonly runningLogs: RunningLogs;
  readonly logFollowers: LogFollowers;
  readonly functions: FunctionCatalogue;
  readonly store: { readonly jobs: Pick<Jobs, "get"> };
}

const JSON_HEADERS = { "Content-Type": "application/json" };
/** Parameters of a page, which a stream has not. */
const OF_A_PAGE = ["cursor", "limit", "since"] as const;

/** Reasons why a job has no entries here, by its state. */
const UNFINISHED: { readonly [State in JobRow["state"]]?: string } = {
  queued: "The execution has not begun: its job is queued",
  running:
    "The execution runs, and its entries are not here: another server may run it, and has them until it ends",
};

/** `GET /executions/{id}/logs` and `GET /functions/{name}/logs`: what code has logged. */
export function logsRoutes(parts: LogsParts): Route[] {
  return [inTurn(ofExecution(parts)), inTurn(ofFunction(parts))];
}

function ofExecution({ executions, logs, executionWriter, runningLogs, store }: LogsParts): Route {
  return route({
    method: "GET",
    path: "/executions/{id}/logs",
    scope: "tenant",
    needs: "read",
    summary: "What an execution has logged, its exception included",
    tags: ["Executions"],
    params: z.object({ id: z.string().max(100) }),
    responses: { 200: { description: "The entries that are kept", schema: executionLogs } },
    handler: async ({ params: { id }, caller, c }) => {
      const tenant = caller.tenant.id;
      const answer = (running: boolean, entries: string, dropped: number): Response => {
        const head = JSON.stringify({ id: id.toLowerCase(), running });
        const text = `${head.slice(0, -1)},"logs":${entries}${droppedText(dropped)}}`;
        return c.body(text, 200, JSON_HEADERS);
      };
      const running = runningLogs.get(tenant, id.toLowerCase());
      if (running !== undefined) return answer(true, running.entries, running.dropped);
      await executionWriter.flush();
      const kept = await logs.get(tenant, id);
      if (kept !== undefined) return answer(false, kept.entries, kept.dropped);
      if ((await executions.get(tenant, id)) === undefined) {
        const job = await store.jobs.get(tenant, id);
        throw noSuchExecution(job && UNFINISHED[job.state]);
      }
      return answer(false, "[]", 0);
    },
  });
}

function ofFunction({ logs, executionWriter, logFollowers, functions }: LogsParts): Route {
  return route({
    method: "GET",
    path: "/functions/{name}/logs",
    scope: "tenant",
    needs: "read",
    summary: "What the executions of a function have logged, the newest first",
    description:
      "With follow=true or Accept: text/event-stream, as events: `logs` with FunctionLogs, as entries are written.",
    tags: ["Functions"],
    params: nameParams,
    query: functionLogsQuery,
    headers: z.object({
      accept: z.string().optional().meta({ description: "text/event-stream to follow" }),
    }),
    responses: {
      200: {
        description: "A page; `next` is there if there may be more",
        schema: z.object({ executions: z.array(functionLogs), next: z.uuid().optional() }),
      },
    },
    handler: async ({ params: { name }, query, headers, ...input }) => {
      const { caller, c } = input;
      const { cursor, follow, level, limit = LOGS_PAGE, since, version } = query;
      await functions.get(caller.tenant.id, name);
      const follows =
        follow === undefined ? wantsEvents(headers.accept ?? null) : follow === "true";
      if (follows) {
        const paged = OF_A_PAGE.find((field) => query[field] !== undefined);
        if (paged) throw new BadRequest(paged, `${paged}: Not for a stream, which begins now`);
        // Nobody would read the body, nor end it.
        if (c.req.raw.method === "HEAD")
          return c.body(null, 200, { "Content-Type": "text/event-stream" });
        return logFollowers.follow({ function: name, level, version }, input);
      }
      await executionWriter.flush();
      const { rows, next } = await logs.list(caller.tenant.id, {
        function: name,
        version,
        level: level && levelOf({ level }),
        since,
        before: cursor,
        limit,
      });
      const texts = rows.map((row) => functionLogsText(row, filtered(row.entries, level)));
      const more = next === undefined ? "" : `,"next":${JSON.stringify(next)}`;
      return c.body(`{"executions":[${texts.join()}]${more}}`, 200, JSON_HEADERS);
    },
  });
}
