import { z } from "zod";
import { RegistryFailed, RegistryUnavailable } from "../../base/errors.ts";
import { readProgram } from "../../base/programs.ts";
import { ConfinedFailure } from "../../confined-process/process.ts";
import { Builder } from "../builder/builder.ts";
import { TimeIsUp } from "../builder/deadline.ts";
import { TooMuch } from "../registry/budget.ts";
import { Registries } from "../registry/registries.ts";
import type { Advisory } from "../types.ts";
import type { ArchiveOptions } from "./archive.ts";
import { advisoryAnswer } from "./claims.ts";

const PROCESS = { memory: 256, cpu: 10, bytes: 2_097_152, facts: 1_048_576, timeout: 5_000 };

/** Asks the registry for known vulnerabilities of a lock. `undefined` if it does not answer for them. */
export async function findAdvisories(
  options: ArchiveOptions,
): Promise<readonly Advisory[] | undefined> {
  const { lock, registries: set, limits, owner, signal } = options;
  const versions: Record<string, string[]> = Object.create(null);
  for (const { name, version, registry } of lock.packages) {
    if (registry !== "npm") continue;
    versions[name] = [...new Set([...(versions[name] ?? []), version])];
  }
  const registries = new Registries(set, limits, owner, signal);
  let builder: Builder | undefined;
  try {
    const told = await registries.advisories(versions);
    if (told === undefined) return undefined;
    const script = await readProgram("confined/package-unpacker");
    builder = await Builder.start(script, PROCESS, signal);
    const { answer } = await builder.ask({ advisories: versions }, told);
    return advisoryAnswer.parse(answer).advisories;
  } catch (error) {
    if (UNANSWERED.some((kind) => error instanceof kind)) return undefined;
    throw error;
  } finally {
    builder?.end();
    registries.close();
  }
}

const UNANSWERED = [
  RegistryFailed,
  RegistryUnavailable,
  ConfinedFailure,
  TimeIsUp,
  TooMuch,
  z.ZodError,
];
