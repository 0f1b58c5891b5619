import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { z } from "zod";
import { readProgram } from "../base/programs.ts";
import { ConfinedFailure } from "../confined-process/process.ts";
import { Program } from "../confined-process/program.ts";
import type { Task } from "./compiler-entry.ts";

const WASM = createRequire(import.meta.url).resolve("esbuild-wasm/esbuild.wasm");

/** Bytes of the largest module: a type's code has no limit of its own at a library's. */
const MAX_ANSWER = 67_108_864;

/** Bytes of what is said of a module: its inputs, or what is wrong with it. */
const MAX_FACTS = 262_144;
/** Characters of an input's name, and inputs: more than a function may have files. */
const MAX_NAME = 4_096;
const MAX_NAMES = 1_000;

const compiler = new Program({
  script: () => readProgram("confined/compiler"),
  assets: async () => [await readFile(WASM), Buffer.from(await readTypeEntry())],
  // A usual bundle takes a tenth of a second; a megabyte of code takes two.
  limits: {
    memory: 256,
    cpu: 8,
    timeout: 20_000,
    bytes: MAX_ANSWER,
    facts: MAX_FACTS,
    atOnce: 2,
    waiting: 100,
  },
});

/** A module, or what is wrong with what it would have been made of. */
export type Compiled =
  | { readonly code: string }
  | {
      readonly fault: string;
      readonly file?: string | undefined;
      readonly line?: number | undefined;
    };

const answers = z.union([
  z.object({ inputs: z.array(z.string().max(MAX_NAME)).max(MAX_NAMES) }),
  z.object({ fault: z.string(), file: z.string().optional(), line: z.number().optional() }),
]);

/**
 * Compiles untrusted source of one owner in a confined process. `inputs` are all that the module may be made of: one that
 * was made of anything else is thrown away. Rejects with `HostBusy` or `EngineUnavailable`.
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
    if (stranger === undefined) return { code: String(payload) };
    return { fault: `It is made of ${JSON.stringify(stranger.slice(0, 200))}, which was not sent` };
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    return { fault: "It cannot be bundled within the limits of time and memory" };
  }
}

/** Reads what surrounds the code of each type: our own source. */
export function readTypeEntry(): Promise<string> {
  return readProgram("type-entry");
}
