import { z } from "zod";
import { HostBusy, PayloadTooLarge } from "../../src/base/errors.ts";
import { CALL_LIMITS } from "../../src/protocol/calls.ts";
import { MAX_FAULT_NAME, MAX_FAULT_TEXT } from "../../src/protocol/limits.ts";
import { strictObject } from "../../src/request/object-schema.ts";
import { CALL_ID_LENGTH } from "../calls/call-id.ts";
import type { GivenAnswer, OpenCalls } from "../calls/open-calls.ts";
import { HttpProblem } from "../errors/problem.ts";
import { type Route, route } from "../http/route.ts";

const answer = strictObject({
  result: z.unknown().optional().meta({ description: "Value of the call; any JSON" }),
  error: strictObject({
    name: z.string().max(MAX_FAULT_NAME).default("Error"),
    message: z.string().max(MAX_FAULT_TEXT),
  })
    .optional()
    .meta({ description: "Error that the code gets instead" }),
})
  .superRefine((body, context) => {
    if ("result" in body === "error" in body)
      context.addIssue({ code: "custom", path: ["result"], message: "Expected result or error" });
  })
  .meta({ id: "CallAnswer" });

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
      needs: "execute",
      summary: "Answer a call of code to one of your functions",
      tags: ["Executions"],
      params,
      body: answer,
      responses: { 204: { description: "The code has the answer" } },
      handler: async ({ params: { id, callId }, body, caller, c }) => {
        const given = givenBy(body);
        const answered = await openCalls.answer(caller.tenant, id, callId, given);
        if (answered === "sent") return c.body(null, 204);
        if (answered === "busy") throw new HostBusy("The sandbox reads too slowly; answer again");
        const message = "No such call waits for an answer: it has one, or its execution has ended";
        throw new HttpProblem(404, "NotFound", "CALL_NOT_FOUND", message);
      },
    }),
  ];
}

/**
 * Writes an answer as text.
 *
 * @throws {PayloadTooLarge} for a result that is too large.
 */
function givenBy({ result, error }: z.output<typeof answer>): GivenAnswer {
  if (error !== undefined) return { failed: true, text: JSON.stringify(error) };
  const text = JSON.stringify(result);
  const most = CALL_LIMITS.answerBytes;
  if (Buffer.byteLength(text) <= most) return { failed: false, text };
  throw new PayloadTooLarge("result", `result: It has more than ${most} bytes as JSON`);
}
