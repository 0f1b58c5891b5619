import { z } from "zod";
import { HostBusy } from "../../src/base/errors.ts";
import { CALL_ID_LENGTH } from "../calls/call-id.ts";
import { callAnswer, givenBy } from "../calls/given-answer.ts";
import type { OpenCalls } from "../calls/open-calls.ts";
import { HttpProblem } from "../errors/problem.ts";
import { type Route, route } from "../http/route.ts";

const params = z.object({
  id: z
    .string()
    .max(100)
    .meta({ param: { example: "019b7c6a-0d3f-7a41-9c55-5f2d1f0a6b11" } }),
  callId: z
    .string()
    .max(CALL_ID_LENGTH)
    .meta({ param: { example: "0" } }),
});

/** `POST /executions/{id}/calls/{callId}`: answers a call of code to a function of its caller. */
export function callRoutes(openCalls: OpenCalls): Route[] {
  return [
    route({
      method: "POST",
      path: "/executions/{id}/calls/{callId}",
      operationId: "createCallAnswer",
      examples: {
        result: { summary: "A result", value: { result: 42 } },
        error: { summary: "An error", value: { error: { message: "No such customer" } } },
      },
      scope: "tenant",
      // With a key for one function alone, only calls of its executions are found.
      needs: ["execute", "invokes"],
      summary: "Answer a call of code to one of your functions",
      tags: ["Executions"],
      params,
      body: callAnswer,
      responses: { 204: { description: "The code has the answer" } },
      handler: async ({ params: { id, callId }, body, caller, c }) => {
        const given = givenBy(body);
        const answered = await openCalls.answer(caller, id, callId, given);
        if (answered === "sent") return c.body(null, 204);
        if (answered === "busy") throw new HostBusy("The sandbox reads too slowly; answer again");
        const message = "No such call waits for an answer: it has one, or its execution has ended";
        throw new HttpProblem(404, "NotFound", "CALL_NOT_FOUND", message);
      },
    }),
  ];
}
