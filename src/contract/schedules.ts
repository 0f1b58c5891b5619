/** Schemas of schedules in the HTTP API. */
import { z } from "zod";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { functionName, nameParams } from "./functions.ts";

/** Schema of a schedule's id, which is part of paths. */
export const scheduleId = functionName;

export const scheduleParams = object({
  ...nameParams.shape,
  id: scheduleId.meta({ param: { example: "nightly" } }),
});

const overlap = z.enum(["skip", "queue"]);

/** The body of `PUT /functions/{name}/schedules/{id}`. */
export const scheduleBody = strictObject({
  /** Five fields: minute, hour, day, month, weekday. Or a name such as `@hourly`. */
  cron: z.string().max(200).meta({
    description: "Five fields (minute, hour, day, month, weekday), or a name such as @hourly",
  }),
  /** Name of IANA. Default `"UTC"`. */
  timezone: z.string().max(64).default("UTC").meta({ description: "Name of IANA" }),
  /** Passed to the entry, before the context. At most 64 KiB. */
  input: z.unknown().optional().meta({ description: "The entry's first argument; any JSON" }),
  /** `skip` leaves out a due time while the last execution waits or runs. Default `"skip"`. */
  overlap: overlap.default("skip").meta({
    description: "Whether a due time is left out while the last execution waits or runs",
  }),
  /** True lets due times pass. Default false. */
  paused: z.boolean().default(false).meta({ description: "Whether due times pass unused" }),
}).meta({ id: "ScheduleBody" });

export type ScheduleBody = z.output<typeof scheduleBody>;

const time = z.iso.datetime();

export const shownSchedule = object({
  id: z.string(),
  function: z.string(),
  cron: z.string(),
  timezone: z.string(),
  input: absent(z.unknown()).meta({ description: "As it was given" }),
  overlap,
  paused: z.boolean(),
  /** Next five times. None while it is paused. */
  next: z.array(time).meta({ description: "The next five times; none while it is paused" }),
  createdAt: time,
  updatedAt: time,
}).meta({ id: "Schedule" });

export const shownRun = object({
  dueAt: time,
  outcome: z.enum(["accepted", "skipped", "missed", "refused"]),
  /** Code of the error for which it was refused. */
  code: absent(z.string()).meta({ description: "Of the error for which it was refused" }),
  /** Id of the execution, for `GET /executions/{id}` and `GET /jobs/{id}`. */
  execution: absent(z.uuid()).meta({ description: "Id of the execution, if it was accepted" }),
}).meta({ id: "ScheduleRun" });
