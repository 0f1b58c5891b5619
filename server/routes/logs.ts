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
import { logEvents } from "../http/answer-schema.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { type Route, route } from "../http/route.ts";
import {
  executionLogsText,
  functionLogsPage,
  type KeptLogsParts,
} from "../replies/kept-logs-text.ts";
import type { LogFollowers } from "../replies/log-followers.ts";
import { wantsEvents } from "../replies/wanted-mode.ts";

export interface LogsParts extends KeptLogsParts {
  readonly logFollowers: LogFollowers;
  readonly functions: FunctionCatalogue;
}

const JSON_HEADERS = { "Content-Type": "application/json" };
/** Parameters of a page, which a stream has not. */
const OF_A_PAGE = ["cursor", "limit", "since"] as const;

/** `GET /executions/{id}/logs` and `GET /functions/{name}/logs`: what code has logged. */
export function logsRoutes(parts: LogsParts): Route[] {
  return [inTurn(ofExecution(parts)), inTurn(ofFunction(parts))];
}

function ofExecution(parts: LogsParts): Route {
  return route({
    method: "GET",
    path: "/executions/{id}/logs",
    scope: "tenant",
    needs: "read",
    summary: "What an execution has logged, its exception included",
    operationId: "getExecutionLogs",
    tags: ["Executions"],
    params: z.object({ id: z.string().max(100) }),
    responses: { 200: { description: "The entries that are kept", schema: executionLogs } },
    handler: async ({ params: { id }, caller, c }) =>
      c.body(await executionLogsText(parts, caller.tenant.id, id), 200, JSON_HEADERS),
  });
}

function ofFunction(parts: LogsParts): Route {
  const { logFollowers, functions } = parts;
  return route({
    method: "GET",
    path: "/functions/{name}/logs",
    scope: "tenant",
    needs: "read",
    summary: "What the executions of a function have logged, the newest first",
    problems: { 429: ["FOLLOWERS_LIMIT"] },
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
        events: logEvents,
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
      const asked = { function: name, version, level, since, before: cursor, limit };
      const text = await functionLogsPage(parts, caller.tenant.id, asked);
      return c.body(text, 200, JSON_HEADERS);
    },
  });
}
