import { z } from "zod";
import { BadRequest } from "../../../src/base/errors.ts";
import { CALL_LIMITS } from "../../../src/protocol/calls.ts";
import { strictObject } from "../../../src/request/object-schema.ts";
import { CALL_ID_LENGTH, readCallId } from "../../calls/call-id.ts";
import { answerFields, givenBy, refineAnswer } from "../../calls/given-answer.ts";
import { checked } from "../../http/checked.ts";
import type { HeldExecutions } from "../held/held-executions.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import { notedResult } from "../results.ts";
import type { Tool } from "../tool.ts";

const answer = strictObject({
  call: z.string().max(CALL_ID_LENGTH).meta({ description: 'The "id" of the call' }),
  ...answerFields.shape,
}).superRefine(refineAnswer);

const continueArguments = strictObject({
  execution: z.string().max(100).meta({ description: 'The "execution" that waits' }),
  answers: z
    .array(answer)
    .min(1)
    .max(CALL_LIMITS.atOnce)
    .meta({ description: "One for each call that you can answer; others may follow later" }),
});

const DESCRIPTION = `Answers calls of code that waits for your functions, which execute or a function's own tool has told you of. It then answers as that tool does: with the next calls, or with what the code returned.
Answer soon: the code's time goes on, and an execution that nobody answers for a minute is ended.`;

/** Makes the tool that answers calls of code, and waits for what the code does next. */
export function continueTool(held: HeldExecutions): Tool {
  return {
    definition: {
      name: "continue",
      description: DESCRIPTION,
      inputSchema: jsonSchemaOf(continueArguments),
    },
    // With a key for one function alone, only its executions are found.
    needs: ["execute", "invokes"],
    async call(given, call) {
      const asked = checked(continueArguments, given) as z.output<typeof continueArguments>;
      const answers = asked.answers.map(({ call: id, ...answer }) => {
        const { node, serial } = readCallId(id) ?? notAnId();
        return { node, id, serial, ...givenBy(answer) };
      });
      const [{ node } = notAnId()] = answers;
      if (answers.some((each) => each.node !== node)) notAnId();
      const serials = answers.map(({ node: _node, id: _id, ...answer }) => answer);
      const step = { execution: asked.execution, answers: serials };
      const { result, refused } = await held.step(node, call, step);
      if (refused.length === 0) return result;
      const ids = answers.filter(({ serial }) => refused.includes(serial)).map(({ id }) => id);
      const note = `Left out, because no such call waits for an answer: ${ids.join(", ")}. It has one already, or its execution has ended.`;
      return notedResult(note, result);
    },
  };
}

function notAnId(): never {
  throw new BadRequest("answers", 'answers: Each "call" is the "id" of a call of this execution');
}
