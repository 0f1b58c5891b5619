import { z } from "zod";
import { PerTenantQueue } from "../../../src/base/per-tenant-queue.ts";
import { readProgram } from "../../../src/base/programs.ts";
import { ConfinedFailure } from "../../../src/confined-process/process.ts";
import { Program } from "../../../src/confined-process/program.ts";
import { ResourceTypeError } from "../../../src/resourcex/base/resourcex-errors.ts";
import type { Checked, Question } from "./check-messages.ts";

/** Most checks of one tenant that wait for each other. */
const MAX_WAITING = 64;

const program = new Program({
  script: () => readProgram("confined/schemas"),
  limits: {
    memory: 256,
    cpu: 8,
    timeout: 5_000,
    bytes: 65_536,
    facts: 65_536,
    atOnce: 4,
    waiting: 1_000,
  },
});

/** Result of a check, with the fault if there is one. */
const verdict = z.object({ fault: z.string().optional() });

/**
 * Checks types and their arguments in confined processes. Schemas are compiled, and a pattern can
 * take a second on a hostile text. Each tenant has one check at a time, so that its checks do not
 * delay all others.
 */
export class TypeChecks {
  readonly #checks = new PerTenantQueue(MAX_WAITING);

  /** Rejects with a `ResourceTypeError` for a malformed type. */
  async type(tenant: string, type: Checked): Promise<void> {
    await this.#inTurn(tenant, { type });
  }

  /**
   * Resolves with the checked arguments. Rejects with a `ResourceTypeError` that names the field.
   */
  async arguments(tenant: string, type: Checked, args: unknown): Promise<unknown> {
    if (type.schema === undefined) return args;
    await this.#inTurn(tenant, { type, args: { value: args } });
    return args === undefined ? {} : args;
  }

  async #inTurn(tenant: string, question: Question): Promise<void> {
    const fault = await this.#checks.take(tenant, () => ask(tenant, question));
    if (fault !== undefined) throw new ResourceTypeError(fault);
  }
}

async function ask(owner: string, question: Question): Promise<string | undefined> {
  const { name, aliases, description, schema, sandbox } = question.type;
  const input = { ...question, type: { name, aliases, description, schema, sandbox } };
  try {
    return verdict.parse((await program.run({ owner, input })).answer).fault;
  } catch (error) {
    if (!(error instanceof ConfinedFailure || error instanceof z.ZodError)) throw error;
    return "This takes more time or memory than there is for it";
  }
}
