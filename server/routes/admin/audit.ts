import { z } from "zod";
import { auditEntry, auditQuery } from "../../../src/contract/audit.ts";
import { inTurn } from "../../http/one-at-a-time.ts";
import { type Route, route } from "../../http/route.ts";
import { wantsType } from "../../replies/wanted-mode.ts";
import type { Audit, AuditFilter } from "../../store/contract/audit.ts";

const LINES = "application/x-ndjson";
/** Changes that an export reads at once. It has no more of them in memory. */
const READ_AT_ONCE = 200;

/** Makes the operator's route for the log of administrative changes. */
export function auditRoutes(audit: Pick<Audit, "list">): Route[] {
  const list = route({
    method: "GET",
    path: "/admin/audit",
    scope: "admin",
    tags: ["Administration"],
    summary: "Administrative changes, the newest first",
    operationId: "listChanges",
    description: `With Accept: ${LINES}, all of them, one as JSON in each line.`,
    query: auditQuery,
    headers: z.object({
      accept: z
        .string()
        .optional()
        .meta({ description: `${LINES} for all in one answer` }),
    }),
    responses: {
      200: {
        description: "A page; `next` is there if there may be more",
        schema: z.object({ entries: z.array(auditEntry), next: z.uuid().optional() }),
      },
    },
    handler: async ({ query: { cursor, ...filter }, headers, c }) => {
      const asked = { ...filter, before: cursor };
      if (wantsType(headers.accept ?? null, LINES)) {
        return c.body(linesOf(audit, asked), 200, { "Content-Type": LINES });
      }
      const { rows, next } = await audit.list(asked);
      return c.json({ entries: rows, ...(next !== undefined && { next }) });
    },
  });
  return [inTurn(list)];
}

/** Reads changes as the client takes them, from the newest to the oldest. */
function linesOf(audit: Pick<Audit, "list">, filter: AuditFilter): ReadableStream<Uint8Array> {
  let before = filter.before;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    for (;;) {
      const { rows, next } = await audit.list({ ...filter, before, limit: READ_AT_ONCE });
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
      if (next === undefined) return controller.close();
      before = next;
      if (text !== "") return;
    }
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}
