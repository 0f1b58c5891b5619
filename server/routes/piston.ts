import { z } from "zod";
import { BadRequest } from "../../src/base/errors.ts";
import { assertFiles, bundleFunction } from "../../src/bundler/function-bundle.ts";
import { PISTON_ERRORS } from "../errors/piston-problem.ts";
import { compileInTurn } from "../functions/deployment.ts";
import { type Route, route } from "../http/route.ts";
import { answerOfFault, answerOfRun, pistonAnswer } from "../piston/answer.ts";
import { programOf } from "../piston/program.ts";
import { filesOf, limitsOf, pistonBody } from "../piston/request.ts";
import { RUNTIMES, runtimeOf } from "../piston/runtimes.ts";
import { jsonAnswer, responseOf } from "../replies/stored-answer.ts";
import type { Runs } from "../runs/runs.ts";

const common = { scope: "tenant", tags: ["Piston"], errors: PISTON_ERRORS } as const;

const runtimes = z
  .array(
    z.object({
      language: z.string(),
      version: z.string(),
      aliases: z.array(z.string()),
      runtime: z.string(),
    }),
  )
  .meta({ id: "PistonRuntimes" });

/** `/api/v2`: runs programs for clients of Piston, in its shape. */
export function pistonRoutes(runs: Runs): Route[] {
  return [
    route({
      ...common,
      method: "GET",
      needs: ["execute", "read"],
      path: "/api/v2/runtimes",
      summary: "The languages of programs",
      operationId: "listRuntimes",
      responses: { 200: { description: "All of them", schema: runtimes } },
      handler: ({ c }) => c.json(RUNTIMES),
    }),
    route({
      ...common,
      method: "POST",
      needs: "execute",
      path: "/api/v2/execute",
      summary: "Run a program with standard input and arguments",
      operationId: "executeProgram",
      examples: {
        arguments: {
          summary: "Print an argument",
          value: {
            language: "javascript",
            version: "*",
            files: [{ name: "main.js", content: "console.log(process.argv[2])" }],
            args: ["hello"],
          },
        },
      },
      body: pistonBody,
      responses: { 200: { description: "What it has written", schema: pistonAnswer } },
      handler: async ({ body, caller, signal, requestId, reserve }) => {
        const runtime = runtimeOf(body.language, body.version);
        const files = filesOf(body, runtime.language);
        const { stdin, args } = body;
        const program = programOf(files);
        assertFiles(program);
        const owner = caller.tenant.id;
        const bundle = () => bundleFunction(program, owner);
        const compile = async () => (await compileInTurn(owner, bundle)).code;
        const input = { stdin, args, data: files.data };
        const request = { code: "", language: "javascript" as const, input, ...limitsOf(body) };
        const asked = { caller, signal, requestId, request, via: "execute" as const };
        const answer = await runs.run({ ...asked, compile, isBundle: true }).then(
          ({ output }) => answerOfRun(runtime, output),
          (error: unknown) => {
            // Only the bundler finds a fault in the files by now: the program does not parse.
            if (!(error instanceof BadRequest && error.field === "files")) throw error;
            return answerOfFault(runtime, error.message.replace(/^files: /, ""));
          },
        );
        return responseOf(jsonAnswer(200, answer), { reserve });
      },
    }),
  ];
}
