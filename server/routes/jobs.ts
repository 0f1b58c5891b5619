import { z } from "zod";
import { PerTenantQueue } from "../../src/base/per-tenant-queue.ts";
import { job } from "../../src/contract/executions.ts";
import { callbackSecret, noSecretKey } from "../callbacks/secret.ts";
import { HttpProblem } from "../errors/problem.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { type Route, route } from "../http/route.ts";
import type { JobQueue } from "../jobs/queue.ts";
import type { JobRow } from "../store/contract/jobs.ts";

/** Requests of a tenant that may wait for each other, enough for one about each of its jobs. */
const MAX_WAITING = 1_000;

const params = z.object({ id: z.string().max(100).meta({ description: "Of the execution" }) });

/** `/jobs/{id}`: executions that are answered later, and the secret that signs their callbacks. */
export function jobRoutes(jobs: JobQueue, secretKey: Uint8Array | undefined): Route[] {
  const tags = ["Executions"];
  const get = route({
    method: "GET",
    path: "/jobs/{id}",
    scope: "tenant",
    needs: ["execute", "read"],
    summary: "The state of an execution that is answered for later",
    tags,
    params,
    responses: { 200: { description: "How far it is", schema: job } },
    handler: async ({ params: { id }, caller, reserve, c }) => {
      const row = await jobs.get(caller, id);
      if (row === undefined) throw noSuchJob();
      const text = shown(row);
      reserve(Buffer.byteLength(text));
      return c.body(text, 200, { "Content-Type": "application/json" });
    },
  });
  const cancel = route({
    method: "DELETE",
    path: "/jobs/{id}",
    scope: "tenant",
    needs: "execute",
    summary: "Cancel an execution that is answered for later",
    operationId: "cancelJob",
    problems: { 409: ["JOB_OVER"] },
    tags,
    params,
    responses: { 204: { description: "It does not run, or does not any more" } },
    handler: async ({ params: { id }, caller, c }) => {
      if (await jobs.cancel(caller, id)) return c.body(null, 204);
      if (!(await jobs.has(caller, id))) throw noSuchJob();
      throw new HttpProblem(409, "Conflict", "JOB_OVER", "This execution is over");
    },
  });
  const secret = route({
    method: "GET",
    path: "/tenant/callback-secret",
    scope: "tenant",
    needs: "manage",
    summary: "What your callbacks are signed with",
    operationId: "getCallbackSecret",
    problems: { 409: ["SECRET_KEY_MISSING"] },
    tags,
    responses: {
      200: {
        description: "A secret of Standard Webhooks",
        schema: z.object({ secret: z.string() }),
      },
    },
    handler: ({ caller, c }) => {
      if (secretKey === undefined) throw noSecretKey();
      return c.json({ secret: callbackSecret(secretKey, caller.tenant) });
    },
  });
  return [inTurn(get, new PerTenantQueue(MAX_WAITING)), cancel, secret];
}

function noSuchJob(): HttpProblem {
  return new HttpProblem(404, "NotFound", "JOB_NOT_FOUND", "There is no such job");
}

/** Formats a job as JSON. The stored answer is inserted as text. */
function shown({ id, state, attempts, acceptedAt, finishedAt, answer }: JobRow): string {
  const text = JSON.stringify({ id, status: state, attempts, acceptedAt, finishedAt });
  return answer === null ? text : `${text.slice(0, -1)},"answer":${answer.body}}`;
}
