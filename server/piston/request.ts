import { z } from "zod";
import { BadRequest } from "../../src/base/errors.ts";
import { FILE_LIMITS } from "../../src/bundler/file-limits.ts";
import { ENDINGS, type PistonLanguage } from "./runtimes.ts";

const MEGABYTE = 1_048_576;
/** Endings of files that are modules. Others are data. */
const MODULE = /\.([cm]?[jt]s|[jt]sx|json)$/;
const ENCODINGS = ["utf8", "base64", "hex"] as const;

const milliseconds = z.number().min(0).optional().meta({ description: "Milliseconds" });
/** No limit but the server's is -1 there. */
const memory = z.int().min(-1).optional().meta({ description: "Bytes; -1 for the server's limit" });

/** The body of `POST /api/v2/execute`. Unknown fields are ignored, as other servers do. */
export const pistonBody = z
  .object({
    language: z.string().max(100).meta({ description: "A language, or one of its aliases" }),
    version: z.string().max(100).meta({ description: "Any version or range, such as *" }),
    files: z
      .array(
        z.object({
          name: z.string().max(FILE_LIMITS.pathLength).optional(),
          content: z.string(),
          encoding: z.enum(ENCODINGS).default("utf8"),
        }),
      )
      .min(1)
      .max(FILE_LIMITS.files - 1)
      .meta({ description: "The first one is run" }),
    stdin: z.string().default("").meta({ description: "Standard input" }),
    args: z.array(z.string()).max(1_000).default([]),
    run_timeout: milliseconds,
    compile_timeout: milliseconds,
    run_cpu_time: milliseconds,
    compile_cpu_time: milliseconds,
    run_memory_limit: memory,
    compile_memory_limit: memory,
  })
  .meta({ id: "PistonRequest" });

export type PistonBody = z.output<typeof pistonBody>;

/** Files of a program. */
export interface PistonFiles {
  /** Name of the file that is run. */
  readonly main: string;
  /** Name → text of the modules. */
  readonly modules: Readonly<Record<string, string>>;
  /** Name → text of the other files, which the program reads. */
  readonly data: Readonly<Record<string, string>>;
}

/**
 * Names the files, and tells modules from data. The first one is always a module.
 *
 * @throws {BadRequest} If two have one name.
 */
export function filesOf({ files }: PistonBody, language: PistonLanguage): PistonFiles {
  const modules: Record<string, string> = {};
  const data: Record<string, string> = {};
  let main = "";
  for (const [index, { name = `file${index}.code`, content, encoding }] of files.entries()) {
    const text = Buffer.from(content, encoding).toString("utf8");
    const isMain = index === 0;
    const path = isMain && !MODULE.test(name) ? `${name}${ENDINGS[language]}` : name;
    if (Object.hasOwn(modules, path) || Object.hasOwn(data, path)) {
      throw new BadRequest("files", `files[${index}].name: Another file has this name`);
    }
    const place = MODULE.test(path) ? modules : data;
    Object.defineProperty(place, path, { value: text, enumerable: true });
    if (isMain) main = path;
  }
  return { main, modules, data };
}

/** Returns the limits of a request that asks for some. */
export function limitsOf({ run_timeout, run_memory_limit = -1 }: PistonBody) {
  const megabytes = Math.max(128, Math.ceil(run_memory_limit / MEGABYTE));
  return {
    ...(run_timeout !== undefined && run_timeout > 0 && { timeout: run_timeout }),
    ...(run_memory_limit > 0 && { memory: megabytes }),
  };
}
