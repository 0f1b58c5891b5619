import { z } from "zod";
import { REUSE_MODES } from "../base/reuse-mode.ts";
import { SANDBOX_LEVELS } from "../base/sandbox-level.ts";
import { LANGUAGES } from "../protocol/messages.ts";
import { bindings } from "./binding-fields.ts";
import { artifacts, files } from "./file-fields.ts";
import { functions, functionsEndpoint } from "./function-fields.ts";
import { strictObject } from "./object-schema.ts";
import { dependencies, overrides, setName } from "./package-fields.ts";
import { PERMISSIONS_SCHEMA } from "./permission-fields.ts";
import { secretNames } from "./secret-fields.ts";

const permissions = z.unknown() as z.ZodType<
  "none" | Record<string, unknown>,
  "none" | Record<string, unknown>
>;

/**
 * The one statement of an execution's request. Types, the guard, HTTP routes, functions, the client and the
 * contract come from it. Doc comments are for editors, descriptions are for the contract.
 */
export const executeRequest = strictObject({
  /** An ES module in JavaScript or TypeScript, at most `maxSize` bytes. */
  code: z.string().meta({ description: "An ES module in JavaScript or TypeScript" }),
  /** Language of the code. Default: TypeScript where it does not parse as JavaScript. */
  language: z
    .enum(LANGUAGES)
    .optional()
    .meta({ description: "Default: TypeScript where the code does not parse as JavaScript" }),
  /** Passed to the entry as its only argument; any JSON value. */
  input: z.unknown().optional().meta({ description: "The entry's only argument; any JSON" }),
  /** Export to call, or the name of the default export's function. Default `"default"`. */
  entry: z.string().max(1_000).default("default").meta({
    description: "Export to call, or the name of the default export's function",
  }),
  /** Milliseconds of the code itself, from its start. Default 3000. */
  timeout: z
    .number()
    .min(1)
    .optional()
    .meta({ description: "Milliseconds, from the code's start" }),
  /** Most milliseconds that it waits for a sandbox. Default, and most: the operator's, 60000. */
  queueTimeout: z
    .number()
    .min(0)
    .optional()
    .meta({ description: "Milliseconds that it may wait for a sandbox" }),
  /** Names of the tools the code uses. */
  tools: z.array(z.string()).max(100).default([]).meta({ description: "Names of tools" }),
  /** Permissions beyond those of the tools. The plan checks the elements, and names them. */
  permissions: permissions.default({}).meta({
    ...PERMISSIONS_SCHEMA,
    description: '"none", or an object of what the code may reach',
  }),
  /** Adds the plan to the answer: what the code was granted, and how. Default false. */
  explain: z.boolean().default(false).meta({ description: "Whether the answer holds the plan" }),
  /** Default `"container"`; `"isolated"` in the library, and in a server without an engine. */
  sandbox: z.enum(SANDBOX_LEVELS).optional().meta({ description: "Level of isolation" }),
  /**
   * Reuse of sandboxes. `"tenant"` runs any code in a new worker of a sandbox in which code of the tenant has
   * run before, with nothing of it left. `"code"` calls the same code again in an idle sandbox, with all the
   * state it has there. That needs the same entry, tools, permissions, level and memory, and no tool but `crypto`
   * and `database`. Default: the operator's, which is `"never"`, a new sandbox.
   */
  reuse: z.enum(REUSE_MODES).optional().meta({
    description: '"tenant" for a new worker in a used sandbox, "code" to run loaded code again',
    default: "never",
  }),
  /** Name of the caller's own user, in any form. Sandboxes are not reused across two of them. */
  reuseKey: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: "The caller's own user: no sandbox is reused across two of them" }),
  /** Megabytes of the sandbox, rounded up to a multiple of 64. Default: the operator's. */
  memory: z.int().min(128).optional().meta({ description: "Megabytes" }),
  /** Packages that the code imports: name → range, as in a package.json. Default: none. */
  dependencies: dependencies.optional(),
  /** Versions of packages that those depend on, as in a package.json. */
  overrides: overrides.optional(),
  /** Name of a prepared set of packages, instead of `dependencies`. */
  packages: setName
    .optional()
    .meta({ description: "Name of a prepared set, instead of `dependencies`" }),
  /** Names of the tenant's secrets. The code finds each as the variable of that name. Default: none. */
  secrets: secretNames.optional(),
  /**
   * Headers with secrets of the tenant that the egress proxy puts on requests to one host each. The code
   * never has the values. Level `container` alone. Default: none.
   */
  bindings: bindings.optional(),
  /**
   * Functions of the caller: name → what it takes. The code calls `await tools.name(argument)`, and the caller answers
   * each event `call`, or by its endpoint. Default: none.
   */
  functions: functions.optional(),
  /** URL to which a server sends each call of `functions`, signed. Default: the reader of the events answers. */
  functionsEndpoint: functionsEndpoint.optional(),
  /** Files that the code reads: path below `/tmp/in` → text, or `{base64}`. Default: none. */
  files: files.optional(),
  /** Globs of the files below `/tmp/out` that the answer has. Default: none. */
  artifacts: artifacts.optional(),
});
