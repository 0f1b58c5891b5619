interface Turns {
  running: number;
  readonly waiting: (() => void)[];
}

/** Runs a bounded number of tasks of each tenant at a time, in the order in which they came. */
export class TenantTurns {
  readonly #most: number;
  readonly #tenants = new Map<string, Turns>();

  constructor(most: number) {
    this.#most = most;
  }

  async take<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    const turns = this.#tenants.get(tenant) ?? { running: 0, waiting: [] };
    this.#tenants.set(tenant, turns);
    if (turns.running < this.#most) turns.running += 1;
    // The one before passes its place on.
    else await new Promise<void>((go) => turns.waiting.push(go));
    try {
      return await work();
    } finally {
      const next = turns.waiting.shift();
      if (next !== undefined) next();
      else turns.running -= 1;
      if (turns.running === 0) this.#tenants.delete(tenant);
    }
  }
}
