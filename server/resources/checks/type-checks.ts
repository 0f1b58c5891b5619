import { z } from "zod";
import { PerTenantQueue } from "../../../src/base/per-tenant-queue.ts";
import { readProgram } from "../../../src/base/programs.ts";
import { ConfinedFailure } from "../../../src/confined-process/process.ts";
import { Program } from "../../../src/confined-process/program.ts";
import { ResourceTypeError } from "../../../src/resourcex/base/resourcex-errors.ts";
import type { Checked, Question } from "./check-messages.ts";

/** Checks of one tenant that may wait for each other. */
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

/** What is wrong, if anything is. */
const verdict = z.object({ fault: z.string().optional() });

/**
 * Checks types of tenants, and arguments by their schemas, in confined processes: schemas are compiled, and
 * a pattern can take a second for a text made for it. Of each tenant one check at a time is made, so that
 * nobody waits for all of another one's.
 */
export class TypeChecks {
  readonly #turns = new PerTenantQueue(MAX_WAITING);

  /** Rejects with a `ResourceTypeError` for what is no type. */
  async type(tenant: string, type: Checked): Promise<void> {
    await this.#inTurn(tenant, { type });
  }

  /** Resolves with the arguments to run with. Rejects with a `ResourceTypeError` that names the field. */
  async arguments(tenant: string, type: Checked, args: unknown): Promise<unknown> {
    if (type.schema === undefined) return args;
    await this.#inTurn(tenant, { type, args: { value: args } });
    return args === undefined ? {} : args;
  }

  async #inTurn(tenant: string, question: Question): Promise<void> {
    const fault = await this.#turns.take(tenant, () => ask(tenant, question));
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
