import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { z } from "zod";
import { readProgram } from "../base/programs.ts";
import { ConfinedFailure } from "../confined-process/process.ts";
import { Program } from "../confined-process/program.ts";
import type { FilesInput } from "./bundle-files.ts";
import type { Task } from "./compiler-entry.ts";
import { needsClaim } from "./needs-claim.ts";
import type { Need } from "./package-needs.ts";
import { type SourceFault, sourceFault } from "./source-error.ts";

const WASM = createRequire(import.meta.url).resolve("esbuild-wasm/esbuild.wasm");

/** Most bytes of a module. In the library, a type's code has no limit of its own. */
const MAX_ANSWER = 67_108_864;

/** Most bytes of a module's facts: its inputs, or its fault. */
const MAX_FACTS = 262_144;
/** Most characters of an input's name, and most inputs: more than a function may have files. */
const MAX_NAME = 4_096;
const MAX_NAMES = 1_000;

/** Limits of the process. A usual bundle takes a tenth of a second, a megabyte of code two seconds. */
export const COMPILER_LIMITS = {
  memory: 256,
  cpu: 8,
  timeout: 20_000,
  bytes: MAX_ANSWER,
  facts: MAX_FACTS,
  atOnce: 2,
  waiting: 100,
} as const;

const compiler = new Program({
  script: () => readProgram("confined/compiler"),
  assets: async () => [await readCompilerWasm(), Buffer.from(await readTypeEntry())],
  limits: COMPILER_LIMITS,
});

/** A module, or the fault in its source. */
export type Compiled =
  | {
      readonly code: string;
      readonly map?: string | undefined;
      readonly exports?: readonly string[] | undefined;
      /** Names at its top that bundled packages have for globals. */
      readonly shadowed?: readonly string[] | undefined;
    }
  | SourceFault;

const names = z.array(z.string().max(MAX_NAME)).max(MAX_NAMES);
const answers = z.union([
  sourceFault,
  z.object({
    inputs: names,
    exports: names.optional(),
    shadowed: names.optional(),
    codeBytes: z.int().min(0).optional(),
  }),
]);
const needed = z.union([sourceFault, z.object({ needs: needsClaim })]);

/**
 * Compiles untrusted source of one owner in a confined process. `inputs` lists every allowed input
 * of the module. A module made of any other input is discarded.
 *
 * @throws {HostBusy} If too many others wait.
 * @throws {EngineUnavailable} If no process can be started.
 */
export async function compile(
  owner: string,
  task: Task,
  inputs: readonly string[],
): Promise<Compiled> {
  try {
    const { answer, payload } = await compiler.run({ owner, input: task });
    const output = answers.parse(answer);
    if ("fault" in output) return output;
    const stranger = output.inputs.find((input) => !inputs.includes(input));
    if (stranger === undefined) {
      const { codeBytes, exports, shadowed } = output;
      if (codeBytes === undefined) return { code: String(payload), exports, shadowed };
      const bytes = Buffer.from(payload);
      const [code, map] = [bytes.subarray(0, codeBytes), bytes.subarray(codeBytes)].map(String);
      return { code: code ?? "", map, exports, shadowed };
    }
    return { fault: `It is made of ${JSON.stringify(stranger.slice(0, 200))}, which was not sent` };
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    return { fault: "It cannot be bundled within the limits of time and memory" };
  }
}

/**
 * Finds out which packages files import, in such a process. With `packages.dependencies`, an import
 * of any other package is a fault.
 *
 * @throws {HostBusy} If too many others wait.
 * @throws {EngineUnavailable} If no process can be started.
 */
export async function findNeeds(
  owner: string,
  input: FilesInput,
): Promise<{ readonly needs: readonly Need[] } | SourceFault> {
  try {
    const task: Task = { task: "needs", ...input };
    return needed.parse((await compiler.run({ owner, input: task })).answer);
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    return { fault: "It cannot be bundled within the limits of time and memory" };
  }
}

export function readCompilerWasm(): Promise<Buffer> {
  return readFile(WASM);
}

/** Reads the module that surrounds the code of each type. It is our own source. */
export function readTypeEntry(): Promise<string> {
  return readProgram("type-entry");
}
