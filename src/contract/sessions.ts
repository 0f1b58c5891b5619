/** Schemas of sessions in the HTTP API. */
import { z } from "zod";
import { SANDBOX_LEVELS } from "../base/sandbox-level.ts";
import { SESSION_END_NAMES } from "../base/session-end.ts";
import { absent, object } from "../request/object-schema.ts";
import { answer } from "./executions.ts";

/** A session that has not ended. */
export const shownSession = object({
  id: z.string(),
  level: z.enum(SANDBOX_LEVELS),
  permissions: z.unknown().meta({ description: "What its code may reach" }),
  /** True while an execution is under way. */
  running: z.boolean().meta({ description: "Whether an execution is under way" }),
  executions: z.int().meta({ description: "How many have begun" }),
  idle: z.int().meta({ description: "Milliseconds without an execution, after which it ends" }),
  max: z.int().meta({ description: "Milliseconds after which it ends in any case" }),
  createdAt: z.iso.datetime(),
  /** Time at which it ends, if nothing is executed until then. */
  expiresAt: z.iso.datetime().meta({ description: "If nothing is executed until then" }),
}).meta({ id: "Session" });

/** State of a session after an execution. */
const after = object({
  id: z.string(),
  expiresAt: z.iso.datetime(),
  /** Reason of its end. Absent while it lives. */
  ended: absent(z.enum(SESSION_END_NAMES)).meta({ description: "Why it has ended, if it has" }),
});

/** An execution in a session that has ended, and what became of the session. */
export const sessionAnswer = object({ ...answer.shape, session: after }).meta({
  id: "SessionAnswer",
});
