/**
 * Most logins at once: of one role, and of all. Each costs the server a process and both sides a
 * hash.
 */
const EACH = 2;
const ALL = 32;

interface RoleLogins {
  active: number;
  readonly waiting: (() => void)[];
}

/** Limits the logins under way, and lets roles take turns. */
export class Logins {
  /** Role → its logins, in the order of their turns. */
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
      // This role's next turn comes after all others.
      this.#lines.delete(role);
      this.#lines.set(role, line);
      line.active += 1;
      this.#active += 1;
      go();
    }
  }
}
