import { z } from "zod";
import { nameParams } from "../../src/contract/functions.ts";
import {
  scheduleBody,
  scheduleId,
  scheduleParams,
  shownRun,
  shownSchedule,
} from "../../src/contract/schedules.ts";
import { inTurn } from "../http/one-at-a-time.ts";
import { PAGE, pageLimit, pageOf } from "../http/page.ts";
import { type Route, route } from "../http/route.ts";
import type { FunctionSchedules, ShownSchedule } from "../schedules/schedules.ts";
import type { ScheduleRunRow } from "../store/contract/schedules.ts";

const common = { scope: "tenant", tags: ["Functions"] } as const;

const base = "/functions/{name}/schedules";
const path = `${base}/{id}`;

const listQuery = z.strictObject({
  after: scheduleId.optional().meta({ description: "Id of the last one of the page before" }),
  limit: pageLimit,
});

/** `/functions/{name}/schedules`: times at which a function is called. */
export function scheduleRoutes(schedules: FunctionSchedules): Route[] {
  return [
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path: base,
        summary: "The schedules of a function, by id",
        params: nameParams,
        query: listQuery,
        responses: {
          200: {
            description: "A page of them",
            schema: z.object({
              schedules: z.array(shownSchedule),
              next: z.string().optional().meta({ description: "For `after`, if there are more" }),
            }),
          },
        },
        handler: async ({ params: { name }, query: { after, limit = PAGE }, caller, c }) => {
          const found = await schedules.list(caller, name, { after, limit: limit + 1 });
          const { page, ...next } = pageOf(found, limit, ({ schedule }) => schedule.name);
          return c.json({ schedules: page.map(shown), ...next });
        },
      }),
    ),
    route({
      ...common,
      method: "PUT",
      needs: "manage",
      path,
      summary: "Have a function called at certain times",
      description: "The key needs no scope by which it could call the function itself.",
      examples: {
        nightly: {
          summary: "Each night",
          value: { cron: "0 3 * * *", timezone: "Europe/Berlin", input: 21 },
        },
      },
      problems: { 409: ["SCHEDULES_LIMIT", "HTTP_FUNCTION"] },
      params: scheduleParams,
      body: scheduleBody,
      responses: {
        200: { description: "It has been replaced", schema: shownSchedule },
        201: { description: "It is new", schema: shownSchedule },
      },
      audit: ({ params: { name, id } }) => ({ action: "schedule.put", target: `${name}/${id}` }),
      handler: async ({ params: { name, id }, body, caller, c }) => {
        const put = await schedules.put(caller, name, id, body);
        return c.json(shown(put), put.created ? 201 : 200);
      },
    }),
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path,
        summary: "A schedule, with the times at which it is due next",
        params: scheduleParams,
        responses: { 200: { description: "All of it", schema: shownSchedule } },
        handler: async ({ params: { name, id }, caller, c }) =>
          c.json(shown(await schedules.get(caller, name, id))),
      }),
    ),
    route({
      ...common,
      method: "DELETE",
      needs: "manage",
      path,
      summary: "Delete a schedule, with its history",
      params: scheduleParams,
      responses: { 204: { description: "It is gone" } },
      audit: ({ params: { name, id } }) => ({ action: "schedule.delete", target: `${name}/${id}` }),
      handler: async ({ params: { name, id }, caller, c }) => {
        await schedules.delete(caller, name, id);
        return c.body(null, 204);
      },
    }),
    inTurn(
      route({
        ...common,
        method: "GET",
        needs: "read",
        path: `${path}/runs`,
        summary: "The last hundred due times of a schedule, the newest first",
        params: scheduleParams,
        responses: {
          200: {
            description: "How each was served",
            schema: z.object({ runs: z.array(shownRun) }),
          },
        },
        handler: async ({ params: { name, id }, caller, c }) => {
          const runs = await schedules.runs(caller, name, id);
          return c.json({ runs: runs.map(shownRunOf) });
        },
      }),
    ),
  ];
}

function shown({ schedule, next }: ShownSchedule) {
  const { tenant: _tenant, name: id, input, nextAt: _nextAt, ...row } = schedule;
  const { function: of, cron, timezone, overlap, paused, createdAt, updatedAt } = row;
  const given = input === null ? {} : { input: JSON.parse(input) as unknown };
  const head = { id, function: of, cron, timezone, ...given };
  return { ...head, overlap, paused, next, createdAt, updatedAt };
}

function shownRunOf({ dueAt, outcome, code, execution }: ScheduleRunRow) {
  return { dueAt, outcome, ...(code !== null && { code }), ...(execution && { execution }) };
}
