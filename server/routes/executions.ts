import { z } from "zod";
import { execution, executionQuery } from "../../src/contract/executions.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { type Route, route } from "../http/route.ts";
import type { ExecutionWriter } from "../runs/execution-writer.ts";
import { noSuchExecution } from "../runs/no-such-execution.ts";
import type { ExecutionFilter, ExecutionRow, Executions } from "../store/contract/executions.ts";

export interface ExecutionsParts {
  readonly executions: Executions;
  readonly executionWriter: ExecutionWriter;
}

/** `GET /executions` and `GET /executions/{id}`: a tenant's executions, without code and values. */
export function executionsRoutes({ executions, executionWriter }: ExecutionsParts): Route[] {
  const list = route({
    method: "GET",
    path: "/executions",
    scope: "tenant",
    needs: "read",
    summary: "What was run, the newest first",
    tags: ["Executions"],
    query: executionQuery,
    responses: {
      200: {
        description: "A page; `next` is there if there may be more",
        schema: z.object({ executions: z.array(execution), next: z.uuid().optional() }),
      },
    },
    handler: async ({ query: { cursor, ...filter }, caller, c }) => {
      // Flushed first, so that a client that has its answer finds its execution.
      await executionWriter.flush();
      const { rows, next } = await pageOfExecutions(executions, caller.tenant.id, {
        ...filter,
        before: cursor,
      });
      return c.json({ executions: rows.map(shown), ...(next !== undefined && { next }) });
    },
  });
  const one = route({
    method: "GET",
    path: "/executions/{id}",
    scope: "tenant",
    needs: "read",
    summary: "One execution",
    tags: ["Executions"],
    params: z.object({ id: z.string().max(100) }),
    responses: { 200: { description: "What is known of it", schema: execution } },
    handler: async ({ params: { id }, caller, c }) => {
      await executionWriter.flush();
      const row = await executions.get(caller.tenant.id, id);
      if (row !== undefined) return c.json(shown(row));
      throw noSuchExecution();
    },
  });
  return [inTurn(list), one];
}

/**
 * Reads a page of a tenant's executions, or of all tenants'. It may be short or empty, because other
 * executions that do not match may lie between.
 */
export async function pageOfExecutions(
  executions: Executions,
  tenant: string | undefined,
  filter: ExecutionFilter,
): Promise<{ rows: ExecutionRow[]; next?: string | undefined }> {
  const rows = await executions.list(tenant, filter);
  const isFull = rows.length === filter.limit;
  return {
    rows,
    next: isFull ? rows.at(-1)?.id : await executions.lastLookedAt(tenant, filter),
  };
}

function shown({ tenant, ...row }: ExecutionRow) {
  return row;
}
