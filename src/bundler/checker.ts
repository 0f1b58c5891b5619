import { z } from "zod";
import { readProgram } from "../base/programs.ts";
import { ConfinedFailure } from "../confined-process/process.ts";
import { Program } from "../confined-process/program.ts";
import type { CheckInput } from "./check-code.ts";
import { type SourceFault, sourceFault } from "./source-error.ts";

const MAX_NAME = 4_096;
const MAX_NAMES = 1_000;
const MAX_FACTS = 262_144;

/** Smaller than the compiler, and started in a fifth of its time: it has no bundler. */
const checker = new Program({
  script: () => readProgram("confined/checker"),
  limits: {
    memory: 256,
    cpu: 8,
    timeout: 20_000,
    bytes: 2 * MAX_FACTS,
    facts: MAX_FACTS,
    atOnce: 2,
    waiting: 100,
  },
});

const names = z.array(z.string().max(MAX_NAME)).max(MAX_NAMES);
const checks = z.union([sourceFault, z.object({ exports: names.optional() })]);

/**
 * Checks untrusted code of one owner in a confined process, without making anything of it. Resolves
 * with the names of its exports, if all of them are known, or with its fault.
 *
 * @throws {HostBusy} If too many others wait.
 * @throws {EngineUnavailable} If no process can be started.
 */
export async function check(
  owner: string,
  input: CheckInput,
): Promise<{ readonly exports?: readonly string[] | undefined } | SourceFault> {
  try {
    const { answer } = await checker.run({ owner, input });
    return checks.parse(answer);
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    return { fault: "It cannot be parsed within the limits of time and memory" };
  }
}
