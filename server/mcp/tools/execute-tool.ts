import { z } from "zod";
import { strictObject } from "../../../src/request/object-schema.ts";
import { sentRequest } from "../../../src/request/sent-request.ts";
import type { ExecuteRequest } from "../../../src/request/types.ts";
import { checked } from "../../http/checked.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import type { Tool } from "../tool.ts";
import { type RunningParts, toolRun } from "./tool-run.ts";

const { shape } = sentRequest;

/** Arguments of an execution that a model has a use for. */
export const executeArguments = strictObject({
  code: z.string().meta({
    description:
      "An ES module in TypeScript or JavaScript, as for Deno. Its default export is a function, which is called with `input`; what it returns, or its promise, is the result.",
  }),
  input: shape.input.meta({ description: "The function's only argument; any JSON" }),
  timeout: shape.timeout.meta({ description: "Milliseconds that the code may take; 3000" }),
  permissions: shape.permissions.meta({
    description:
      'What the code may reach. Nothing by default. {"net": ["api.example.com"]} opens a host.',
  }),
  dependencies: shape.dependencies.meta({
    description:
      'Packages of npm that the code imports, as in a package.json: {"zod": "^4"}. None by default.',
  }),
  packages: shape.packages,
  secrets: shape.secrets,
  bindings: shape.bindings,
  tools: shape.tools.meta({
    description: 'Names of this server\'s own globals that the code uses, such as "crypto"',
  }),
  memory: shape.memory,
  functions: shape.functions.meta({
    description:
      'Functions that you answer: {"name": {"description": "…", "schema": {…}}}. The code calls `await tools.name(argument)`, with one argument; this tool then answers with the call, and you go on with the tool "continue". None by default.',
  }),
  functionsEndpoint: shape.functionsEndpoint,
  files: shape.files,
  artifacts: shape.artifacts.meta({
    description:
      'Globs of the files that the code writes below /tmp/out and you want, such as ["*.png", "report/**"]',
  }),
});

const DESCRIPTION = `Runs TypeScript or JavaScript once, in a sandbox of its own, and answers with what it returned.
Write an ES module whose default export is a function: export default async (input) => ({ sum: input.a + input.b });
The function gets "input" and returns a value of JSON, which is "result". console.log() is for debugging: its lines are in "logs".
The code has no network, no files and no variables unless "permissions" grants them; a refused attempt is in "denied", with the permission that would allow it. Packages of npm have to be in "dependencies".
"files" are below /tmp/in for the code to read, and "artifacts" asks for files that it writes below /tmp/out.
Nothing else is left of an execution: no state, no file. "outcome" is ok, exception, timeout, memory, output_limit or crash; after another outcome than ok, read the exception's message and hint, and call again with what it asks for.`;

/** Makes the tool that runs code once. */
export function executeTool({ runs, held }: RunningParts): Tool {
  return {
    definition: {
      name: "execute",
      description: DESCRIPTION,
      inputSchema: jsonSchemaOf(executeArguments),
    },
    needs: ["execute"],
    call: (given, call) =>
      toolRun(
        { runs, held },
        { request: checked(executeArguments, given) as ExecuteRequest },
        call,
      ),
  };
}
