/** Schemas of functions in the HTTP API. */
import { z } from "zod";
import { executeRequest } from "../request/execute-request.ts";
import { artifacts, files as givenFiles } from "../request/file-fields.ts";
import { absent, object, strictObject } from "../request/object-schema.ts";
import { sentRequest } from "../request/sent-request.ts";
import { cors } from "./cors.ts";
import { callback } from "./executions.ts";
import { inputSchema } from "./input-schema.ts";
import { shownLock } from "./packages.ts";
import { versionNumber } from "./query-values.ts";

/** Schema of a function's name, which is part of paths and of composed names. */
export const functionName = z
  .string()
  .regex(/^[A-Za-z0-9][\w-]{0,62}$/, "Expected up to 63 letters, digits, - and _");

export const nameParams = object({ name: functionName.meta({ param: { example: "double" } }) });

const kind = z.enum(["value", "http"]);

const {
  code: _,
  input: _input,
  explain: _explain,
  reuseKey: _key,
  files: _files,
  artifacts: _artifacts,
  ...kept
} = sentRequest.shape;

/** Fields of a deployment that an execution lacks, or has in another form. */
export const functionFields = object({
  /** Text of the only module. Otherwise there are `files`. */
  code: z.string().optional().meta({ description: "One module; or else `files`" }),
  /** Path → text of several modules. */
  files: z
    .record(z.string(), z.string())
    .optional()
    .meta({ description: "Path → text of modules that import each other, bundled into one" }),
  /** The path among `files` that is called. Default `main.ts`. */
  main: z.string().optional().meta({ description: 'The module among them; "main.ts"' }),
  /** `http`: answers a `Request` with a `Response`. Default `value`. */
  kind: kind.default("value").meta({
    description: "Called with a value, or with a Request that it answers with a Response",
  }),
  /** Lets `/f/…` serve it without a key. Default false. */
  public: z
    .boolean()
    .default(false)
    .meta({ description: "Whether anybody may call it by HTTP, without a key" }),
  /** Lets an HTTP function see paths from its own root, without `/f/{tenant}/{name}`. Default true. */
  stripPrefix: z
    .boolean()
    .optional()
    .meta({ description: "Whether its code sees paths from its own root", default: true }),
  /** Rules for pages of other sites that call an HTTP function. Default: its code answers for itself. */
  cors: cors.optional().meta({ description: "Pages of other sites that may call it by HTTP" }),
  /** JSON Schema of the input: an object, at most 16 KiB. With it, a function is a tool over MCP. */
  schema: inputSchema.optional(),
  /** Text for the model that may call it. */
  description: z
    .string()
    .max(4_096)
    .optional()
    .meta({ description: "For people, and for the model that may call it over MCP" }),
  /** Default `"code"`, if its tools and the tenant allow it; otherwise `"never"`. */
  reuse: executeRequest.shape.reuse
    .unwrap()
    .optional()
    .meta({ description: '"code" if its tools allow' }),
});

/** The body of `PUT /functions/{name}`: everything of an execution but its code, input and `explain`. */
export const deployBody = strictObject({ ...kept, ...functionFields.shape })
  .superRefine((body, context) => {
    const issue = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if ((body.code === undefined) === (body.files === undefined)) {
      issue("code", "Expected either code or files");
    }
    if (body.main !== undefined && body.files === undefined) issue("main", "Only with files");
    if (body.language !== undefined && body.files !== undefined) {
      issue("language", "Only with code: the ending of a file tells its language");
    }
    if (body.kind === "http") {
      if (body.functions !== undefined && body.functionsEndpoint === undefined) {
        issue("functions", 'Only with functionsEndpoint for the kind "http"');
      }
      if (body.schema !== undefined) issue("schema", 'Only for the kind "value"');
      return;
    }
    if (body.public) issue("public", 'Only for the kind "http"');
    if (body.stripPrefix !== undefined) issue("stripPrefix", 'Only for the kind "http"');
    if (body.cors !== undefined) issue("cors", 'Only for the kind "http"');
  })
  .meta({ id: "FunctionDeployment" });

export type DeployBody = z.output<typeof deployBody>;

/** The body of `POST /functions/{name}/invoke`. */
export const invokeBody = strictObject({
  input: z.unknown().optional().meta({ description: "The entry's only argument; any JSON" }),
  /** Version to call. Default: the current one. */
  version: versionNumber.optional().meta({ description: "Default: the current one" }),
  /** Files that this call reads, beside the modules of the function. Default: none. */
  files: givenFiles.optional(),
  artifacts: artifacts.optional(),
  callback,
}).meta({ id: "Invocation" });

/** The body of `POST /functions/{name}/redeploy`. */
export const redeployBody = strictObject({
  /** Version whose files are deployed. Default: the current one. */
  version: versionNumber.optional().meta({ description: "Default: the current one" }),
  /** True resolves its packages anew, false uses the same ones. Default false. */
  update: z
    .boolean()
    .default(false)
    .meta({ description: "Whether its packages are resolved anew" }),
}).meta({ id: "Redeployment" });

export const rollbackBody = strictObject({ version: versionNumber }).meta({ id: "Rollback" });

const time = z.iso.datetime();

export const shownFunction = object({
  name: z.string(),
  kind,
  /** Version that calls use. */
  current: z.int().meta({ description: "The version that is called" }),
  latest: z.int(),
  createdAt: time,
  updatedAt: time,
}).meta({ id: "Function" });

export const shownVersion = object({
  name: z.string(),
  version: z.int(),
  kind,
  /** Path among its files of the module that is called. */
  main: z.string(),
  public: z.boolean(),
  /** The deployed request, without its code. */
  request: z.looseObject({}).meta({ description: "What it is run with, as it was deployed" }),
  /** True if an HTTP function sees paths from its own root. */
  stripPrefix: absent(z.boolean()).meta({
    description: "Whether an HTTP function sees paths from its own root",
  }),
  /** Rules for pages of other sites that call an HTTP function. */
  cors: absent(cors).meta({ description: "Pages of other sites that may call it by HTTP" }),
  /** JSON Schema of its input, as it was deployed. */
  schema: absent(z.looseObject({})).meta({ description: "JSON Schema of its input" }),
  description: absent(z.string()),
  /** Path of an HTTP function. */
  url: absent(z.string()).meta({ description: "Path of an HTTP function" }),
  /** Hash of the lock of its packages. */
  lockHash: absent(z.string()).meta({ description: "Of the lock of its packages" }),
  createdAt: time,
}).meta({ id: "FunctionVersion" });

/** A version that was deployed just now. */
export const deployedVersion = object({
  ...shownVersion.shape,
  /** Texts about known security faults of its packages. */
  warnings: absent(z.array(z.string())).meta({ description: "Known faults of its packages" }),
}).meta({ id: "DeployedVersion" });

export const wholeVersion = object({
  ...shownVersion.shape,
  /** Path → text. */
  files: z.record(z.string(), z.string()),
  /** Exact versions of its packages. */
  lock: absent(shownLock).meta({ description: "Exact versions of its packages" }),
}).meta({ id: "WholeFunctionVersion" });
