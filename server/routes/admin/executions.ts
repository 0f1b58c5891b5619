import { z } from "zod";
import {
  anyExecution,
  anyExecutionQuery,
  anyJob,
  anyJobQuery,
} from "../../../src/contract/executions.ts";
import { inTurn } from "../../http/one-at-a-time.ts";
import { type Route, route } from "../../http/route.ts";
import type { ExecutionWriter } from "../../runs/execution-writer.ts";
import type { Store } from "../../store/contract/store.ts";
import { pageOfExecutions } from "../executions.ts";

const common = { method: "GET", scope: "admin", tags: ["Administration"] } as const;
const next = z.uuid().optional();

export interface AllExecutionsParts {
  readonly store: Pick<Store, "executions" | "jobs">;
  readonly executionWriter: Pick<ExecutionWriter, "flush">;
}

/** Makes the operator's lists of what all tenants run, without code, input, results and callbacks. */
export function allExecutionsRoutes({ store, executionWriter }: AllExecutionsParts): Route[] {
  const executions = route({
    ...common,
    path: "/admin/executions",
    summary: "What all tenants have run, the newest first",
    operationId: "listAllExecutions",
    query: anyExecutionQuery,
    responses: {
      200: {
        description: "A page; `next` is there if there may be more",
        schema: z.object({ executions: z.array(anyExecution), next }),
      },
    },
    handler: async ({ query: { cursor, tenant, ...filter }, c }) => {
      await executionWriter.flush();
      const asked = { ...filter, before: cursor };
      const page = await pageOfExecutions(store.executions, tenant, asked);
      return c.json({ executions: page.rows, ...(page.next !== undefined && { next: page.next }) });
    },
  });
  const jobs = route({
    ...common,
    path: "/admin/jobs",
    summary: "Executions of all tenants that are answered later, the newest first",
    operationId: "listAllJobs",
    query: anyJobQuery,
    responses: {
      200: {
        description: "A page; `next` is there if there may be more",
        schema: z.object({ jobs: z.array(anyJob), next }),
      },
    },
    handler: async ({ query: { cursor, tenant, status, limit }, c }) => {
      const page = await store.jobs.list({ tenant, state: status, before: cursor, limit });
      const shown = page.rows.map(({ state, ...row }) => ({ ...row, status: state }));
      return c.json({ jobs: shown, ...(page.next !== undefined && { next: page.next }) });
    },
  });
  return [inTurn(executions), inTurn(jobs)];
}
