import { z } from "zod";
import { sentRequest } from "../../src/request/sent-request.ts";
import { callback } from "../http/mode-headers.ts";
import { versionNumber } from "../http/query-values.ts";

/** In paths, and beside others' in names. */
export const functionName = z
  .string()
  .regex(/^[A-Za-z0-9][\w-]{0,62}$/, "Expected up to 63 letters, digits, - and _");

export const nameParams = z.object({ name: functionName });

const kind = z.enum(["value", "http"]);

/** The body of `PUT /functions/{name}`. */
export const deployBody = sentRequest
  .omit({ code: true, input: true, explain: true })
  .extend({
    code: z.string().optional().meta({ description: "One module; or else `files`" }),
    files: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "Path → text of modules that import each other, bundled into one" }),
    main: z.string().optional().meta({ description: 'The module among them; "main.ts"' }),
    kind: kind.default("value").meta({
      description: "Called with a value, or with a Request that it answers with a Response",
    }),
    public: z
      .boolean()
      .default(false)
      .meta({ description: "Whether anybody may call it by HTTP, without a key" }),
    reuse: z.enum(["never", "code"]).optional().meta({ description: '"code" if its tools allow' }),
  })
  .superRefine((body, context) => {
    const issue = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if ((body.code === undefined) === (body.files === undefined)) {
      issue("code", "Expected either code or files");
    }
    if (body.main !== undefined && body.files === undefined) issue("main", "Only with files");
    if (body.public && body.kind !== "http") issue("public", 'Only for the kind "http"');
  })
  .meta({ id: "FunctionDeployment" });

export type DeployBody = z.output<typeof deployBody>;

/** The body of `POST /functions/{name}/invoke`. */
export const invokeBody = z
  .strictObject({
    input: z.unknown().optional().meta({ description: "The entry's only argument; any JSON" }),
    version: versionNumber.optional().meta({ description: "Default: the current one" }),
    callback,
  })
  .meta({ id: "Invocation" });

export const rollbackBody = z.strictObject({ version: versionNumber }).meta({ id: "Rollback" });

const time = z.iso.datetime();

export const shownFunction = z
  .object({
    name: z.string(),
    kind,
    current: z.int().meta({ description: "The version that is called" }),
    latest: z.int(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: "Function" });

export const shownVersion = z
  .object({
    name: z.string(),
    version: z.int(),
    kind,
    main: z.string(),
    public: z.boolean(),
    request: z.looseObject({}).meta({ description: "What it is run with, as it was deployed" }),
    url: z.string().optional().meta({ description: "Path of an HTTP function" }),
    createdAt: time,
  })
  .meta({ id: "FunctionVersion" });

export const wholeVersion = shownVersion
  .extend({ files: z.record(z.string(), z.string()) })
  .meta({ id: "WholeFunctionVersion" });
