/** Logins at once: of one role, and of all. A login costs a server a process, and both sides a hash. */
const EACH = 2;
const ALL = 32;

interface RoleLogins {
  active: number;
  readonly waiting: (() => void)[];
}

/** Has few logins made at a time, and gives whoever waits its turn by role. */
export class Logins {
  /** In the order in which they are next. */
  readonly #lines = new Map<string, RoleLogins>();
  #active = 0;

  async take<T>(role: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(role) ?? { active: 0, waiting: [] };
    this.#lines.set(role, line);
    await new Promise<void>((resolve) => {
      line.waiting.push(resolve);
      this.#advance();
    });
    try {
      return await work();
    } finally {
      line.active -= 1;
      this.#active -= 1;
      this.#advance();
    }
  }

  #advance(): void {
    for (const [role, line] of [...this.#lines]) {
      if (this.#active >= ALL) return;
      if (line.active === 0 && line.waiting.length === 0) this.#lines.delete(role);
      if (line.active >= EACH) continue;
      const go = line.waiting.shift();
      if (go === undefined) continue;
      // Behind all others, for its next one.
      this.#lines.delete(role);
      this.#lines.set(role, line);
      line.active += 1;
      this.#active += 1;
      go();
    }
  }
}
