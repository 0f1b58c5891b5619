import { z } from "zod";
import { sessionAnswer, shownSession } from "../../src/contract/sessions.ts";
import type { Session } from "../../src/kernel/session.ts";
import { sessionExecution, sessionRequest } from "../../src/request/session-request.ts";
import { problemResponse } from "../errors/problem.ts";
import { EXECUTION_EVENTS, RUN_PROBLEMS } from "../http/answer-schema.ts";
import { type Route, route } from "../http/route.ts";
import { responseOf, textAnswer } from "../replies/stored-answer.ts";
import { streamed, type Watched } from "../replies/stream.ts";
import { wantsEvents } from "../replies/wanted-mode.ts";
import { answerOf, answerText } from "../runs/answer.ts";
import { SESSION_ID_LENGTH } from "../sessions/session-id.ts";
import type { LiveSession, Sessions } from "../sessions/sessions.ts";

const common = { scope: "tenant", tags: ["Sessions"] } as const;

const path = "/sessions/{id}";
const GONE = { 404: ["SESSION_NOT_FOUND"], 410: ["SESSION_ENDED"], 421: ["SESSION_ELSEWHERE"] };

const params = z.object({
  id: z
    .string()
    .max(SESSION_ID_LENGTH)
    .meta({ param: { example: "bm9kZQ.9m1cq0KDbbq3gFHEzYfw0A" } }),
});

export interface SessionRoutesOptions {
  readonly sessions: Sessions;
  readonly onError: (error: unknown, requestId: string) => void;
}

/** `/sessions`: executions of one caller that share a realm. */
export function sessionRoutes({ sessions, onError }: SessionRoutesOptions): Route[] {
  return [
    route({
      ...common,
      method: "POST",
      path: "/sessions",
      needs: "execute",
      summary: "Begin a session, whose executions share globals and files",
      examples: {
        plain: { summary: "A session of up to an hour", value: { idle: 60_000, max: 600_000 } },
      },
      problems: { ...RUN_PROBLEMS, 429: [...RUN_PROBLEMS[429], "SESSIONS_LIMIT"] },
      body: sessionRequest,
      needsNoBody: true,
      responses: { 201: { description: "It has begun", schema: shownSession } },
      handler: async ({ body, caller, signal, c }) => {
        const live = await sessions.open(caller, body, signal);
        return c.json(shown(live), 201, { Location: `/sessions/${live.id}` });
      },
    }),
    route({
      ...common,
      method: "GET",
      path: "/sessions",
      needs: ["execute", "read"],
      summary: "The sessions that live on this server",
      responses: {
        200: {
          description: "All of them, the oldest first",
          schema: z.object({ sessions: z.array(shownSession) }),
        },
      },
      handler: ({ caller, c }) => c.json({ sessions: sessions.list(caller).map(shown) }),
    }),
    route({
      ...common,
      method: "GET",
      path,
      needs: ["execute", "read"],
      summary: "A session",
      problems: GONE,
      params,
      responses: { 200: { description: "How it is", schema: shownSession } },
      handler: async ({ params: { id }, caller, c }) =>
        c.json(shown(await sessions.get(caller, id))),
    }),
    route({
      ...common,
      method: "DELETE",
      path,
      needs: "execute",
      summary: "End a session, with what it may be running",
      problems: GONE,
      params,
      responses: { 204: { description: "It is gone" } },
      handler: async ({ params: { id }, caller, c }) => {
        await sessions.end(caller, id);
        return c.body(null, 204);
      },
    }),
    execution({ sessions, onError }),
  ];
}

function execution({ sessions, onError }: SessionRoutesOptions): Route {
  return route({
    ...common,
    method: "POST",
    path: `${path}/execute`,
    needs: "execute",
    summary: "Run code in a session",
    operationId: "executeInSession",
    examples: {
      count: {
        summary: "Count the calls",
        value: { code: "globalThis.n ??= 0; export default () => ++n" },
      },
    },
    problems: {
      ...RUN_PROBLEMS,
      ...GONE,
      403: [...RUN_PROBLEMS[403], "SESSION_OF_OTHER_KEY"],
      409: ["SESSION_BUSY"],
    },
    params,
    body: sessionExecution,
    responses: {
      200: {
        description:
          "How it ended, whatever the code did; with Accept: text/event-stream, as events",
        schema: sessionAnswer,
        events: EXECUTION_EVENTS,
      },
    },
    handler: async (input) => {
      const { params, body, caller, requestId, signal, c } = input;
      const asked = { caller, requestId, asText: true };
      const run = async (more: { signal: AbortSignal } & Partial<Watched>): Promise<string> => {
        const { id, output, session } = await sessions.execute(params.id, body, {
          ...asked,
          ...more,
        });
        return answerText({ ...answerOf({ id, output }), session: after(params.id, session) });
      };
      if (!wantsEvents(c.req.raw.headers.get("accept"))) {
        return responseOf(textAnswer(200, await run({ signal })), input);
      }
      const cancelled = new AbortController();
      return streamed({
        counting: input,
        onCancel: () => cancelled.abort(),
        run: (watched) => {
          const answer = run({ ...watched, signal: AbortSignal.any([signal, cancelled.signal]) });
          input.hold(answer);
          return answer;
        },
        problem: async (error) => {
          const response = problemResponse(error, requestId);
          if (response.status >= 500) onError(error, requestId);
          return response.text();
        },
      });
    },
  });
}

function shown({ id, session }: LiveSession) {
  const { engine, permissions, running, executions, idle, max } = session;
  const [createdAt, expiresAt] = [session.createdAt, session.expiresAt].map(dateOf);
  const { level } = engine;
  return { id, level, permissions, running, executions, idle, max, createdAt, expiresAt };
}

function after(id: string, { expiresAt, reason }: Session) {
  return { id, expiresAt: dateOf(expiresAt), ...(reason && { ended: reason }) };
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString();
}
