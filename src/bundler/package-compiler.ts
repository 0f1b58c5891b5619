import { z } from "zod";
import { readProgram } from "../base/programs.ts";
import { ConfinedFailure } from "../confined-process/process.ts";
import { Program } from "../confined-process/program.ts";
import { COMPILER_LIMITS, readCompilerWasm } from "./compiler.ts";
import type { PrebundleInput } from "./prebundle-packages.ts";

const name = z.string().max(1_024);

/** Facts about bundled packages. */
export const prebundleFacts = z.object({
  entries: z
    .array(
      z.object({ missing: z.array(name).max(5_000), names: z.array(name).max(20_000).optional() }),
    )
    .max(1_000),
  globals: z.array(name).max(2_000),
  isAsync: z.boolean(),
  codeBytes: z.int().min(0),
});

export type PrebundleFacts = z.output<typeof prebundleFacts>;

const answers = z.union([
  prebundleFacts,
  z.object({ fault: z.string().max(4_096), need: z.int().min(0).max(1_000).optional() }),
]);

/** Fault in packages, with the index of the need whose module is not there. */
export interface PackagesFault {
  readonly fault: string;
  readonly need?: number | undefined;
}

export interface BundledPackages {
  readonly facts: PrebundleFacts;
  /** Code and its source map. */
  readonly bytes: Buffer;
}

/** Processes with more memory and time than the compiler of a function's own files has. */
const compiler = new Program({
  script: () => readProgram("confined/packages"),
  assets: async () => [await readCompilerWasm()],
  limits: { ...COMPILER_LIMITS, memory: 1_024, heap: 512, cpu: 30, timeout: 60_000, waiting: 50 },
});

/**
 * Bundles packages in a process that gets nothing but them. `lock` is its owner: what it makes is
 * shared by all who have these packages, so no tenant's bytes may have been in it. `tenant` has one
 * place at a time, so that nobody holds others up.
 */
export async function compilePackages(
  { tenant, lock }: { readonly tenant: string; readonly lock: string },
  { needs, maxBytes, archive }: PrebundleInput & { readonly archive: Uint8Array },
): Promise<BundledPackages | PackagesFault> {
  try {
    const owner = `packages:${lock}`;
    const question = { owner, turn: tenant, input: { needs, maxBytes }, payload: archive };
    const { answer, payload } = await compiler.run(question);
    const output = answers.parse(answer);
    return "fault" in output ? output : { facts: output, bytes: payload };
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    const limits = "The packages cannot be bundled within the limits of time and memory";
    return { fault: `${limits}: import parts of them, or smaller ones` };
  }
}
