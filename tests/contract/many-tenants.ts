/** Tests many tenants at once. Each gets only its own data, and every execution is recorded. */
import { expect } from "vitest";
import type { Client } from "../../src/client/client.ts";
import type { Answer, Execution } from "../../src/client/types.ts";

export interface ManyOptions {
  readonly admin: Client;
  readonly clientOf: (key: string) => Client;
  readonly tenants: number;
  /** Number of tenants in containers. The others' sandboxes are processes, which start sooner. */
  readonly contained: number;
  readonly calls: number;
  /** Reads the metrics for Prometheus. */
  readonly metrics: () => Promise<string>;
}

/** Answer of an `own` function. */
interface Told {
  /** Random number of the module's evaluation; it identifies the sandbox. */
  readonly life: number;
  /** Calls of this module, this one included. */
  readonly calls: number;
  readonly secret: string;
  readonly variable: string;
  /** Input of the call before. */
  readonly before: string | undefined;
}

/** Function with a secret of its tenant in its text, and with state. Every seventh call fails. */
const own = (secret: string): string => `
  const life = Math.random();
  const secret = ${JSON.stringify(secret)};
  let calls = 0;
  let before;
  export default (token) => {
    console.log(token);
    const told = { life, calls: ++calls, secret, variable: Deno.env.get("SECRET"), before };
    before = token;
    if (calls % 7 === 0) throw new RangeError(token);
    return told;
  };`;

/** Function with the same text for all tenants. Only the owner keeps their states apart. */
const TWIN = `
  globalThis.tokens = [];
  export default (token) => {
    tokens.push(token);
    return tokens;
  };`;
/** Number of tenants that have it and call it sometimes. */
const TWINS = 5;

/** A tenant and all its answers. */
class Member {
  readonly id: string;
  readonly client: Client;
  readonly #secrets: { readonly secret: string; readonly variable: string };
  readonly #hasTwin: boolean;
  readonly #tokens = new Set<string>();
  /** Calls seen in each life. */
  readonly #lives = new Map<number, number[]>();
  /** Outcomes by execution id. */
  readonly answered = new Map<string, string>();

  private constructor(id: string, client: Client, hasTwin: boolean) {
    this.id = id;
    this.client = client;
    this.#hasTwin = hasTwin;
    this.#secrets = { secret: `text of ${id}`, variable: `variable of ${id}` };
  }

  /** Creates the tenant, whose calls run one after the other, and deploys its functions. */
  static async join(place: number, options: ManyOptions): Promise<Member> {
    const { admin, clientOf, contained } = options;
    const id = `tenant-${place}`;
    const env = { SECRET: `variable of ${id}` };
    const sandbox = ["container", "isolated"] as const;
    await admin.admin.putTenant(id, { concurrency: 1, env, sandbox: [...sandbox] });
    const { key } = await admin.admin.createKey(id);
    const member = new Member(id, clientOf(key), place < TWINS);
    const { functions } = member.client;
    await functions.deploy("own", {
      code: own(`text of ${id}`),
      permissions: { env: ["SECRET"] },
      sandbox: place < contained ? "container" : "isolated",
      timeout: 120_000,
    });
    const twin = { code: TWIN, sandbox: "isolated", timeout: 120_000 } as const;
    if (member.#hasTwin) await functions.deploy("twin", twin);
    return member;
  }

  async call(number: number): Promise<void> {
    const token = `${this.id} ${number}`;
    this.#tokens.add(token);
    if (this.#hasTwin && number % TWINS === 0) {
      const answer = await this.client.functions.invoke<string[]>("twin", { input: token });
      this.answered.set(answer.id, answer.outcome);
      expect(answer.result?.at(-1)).toBe(token);
      expect(answer.result?.filter((each) => !this.#tokens.has(each))).toEqual([]);
      return;
    }
    const answer = await this.client.functions.invoke<Told>("own", { input: token });
    this.answered.set(answer.id, answer.outcome);
    expect(answer.logs?.map(({ message }) => message)).toEqual(
      answer.ok ? [token] : [token, token],
    );
    if (answer.ok) this.#check(answer);
    else expect(answer).toMatchObject({ outcome: "exception", logs: [{}, { name: "RangeError" }] });
  }

  #check({ result }: Answer<Told>): void {
    expect(result).toMatchObject(this.#secrets);
    if (result === undefined) return;
    const { life, calls, before } = result;
    this.#lives.set(life, [...(this.#lives.get(life) ?? []), calls]);
    if (calls === 1) expect(before).toBeUndefined();
    else expect(this.#tokens).toContain(before);
  }

  /** Returns the lives that served it. Each must have counted only its own calls. */
  lives(): number[] {
    for (const calls of this.#lives.values()) {
      const failed = (each: number): boolean => each % 7 === 0;
      const all = Array.from({ length: Math.max(...calls) }, (_, place) => place + 1);
      const told = new Set(calls);
      expect(calls).toHaveLength(told.size);
      expect(all.filter((each) => !told.has(each) && !failed(each))).toEqual([]);
    }
    return [...this.#lives.keys()];
  }

  /** Reads all executions of the server's record, page by page. */
  async executions(): Promise<Execution[]> {
    const found: Execution[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.client.executions({ limit: 7, ...(cursor && { cursor }) });
      found.push(...page.executions);
      cursor = page.next;
      if (cursor === undefined) return found;
    }
  }
}

/** Creates the tenants, makes their calls in parallel, and checks all traces of them. */
export async function manyTenants(options: ManyOptions): Promise<{ readonly perSecond: number }> {
  const { tenants, calls, metrics } = options;
  const members = await Promise.all(
    Array.from({ length: tenants }, (_, place) => Member.join(place, options)),
  );
  const started = performance.now();
  const callers = [...members, ...members].map(async (member, caller) => {
    // Two callers for each tenant: one of them waits for its turn.
    for (let call = caller < tenants ? 0 : 1; call < calls / tenants; call += 2) {
      await member.call(call);
    }
  });
  await Promise.all(callers);
  const perSecond = (1_000 * calls) / (performance.now() - started);
  const lives = members.flatMap((member) => member.lives());
  expect(new Set(lives).size).toBe(lives.length);
  const written: Execution[] = [];
  for (const member of members) {
    const rows = await member.executions();
    expect(rows.map(({ id, outcome }) => `${id} ${outcome}`).sort()).toEqual(
      [...member.answered].map((pair) => pair.join(" ")).sort(),
    );
    expect((await member.client.tenant()).used.executions).toBe(rows.length);
    written.push(...rows);
  }
  expect(written).toHaveLength(calls);
  expect(new Set(written.map(({ id }) => id)).size).toBe(calls);
  expect(new Set(written.map(({ via }) => via))).toEqual(new Set(["invoke"]));
  const told = await metrics();
  for (const level of ["container", "isolated"]) {
    for (const outcome of ["ok", "exception"]) {
      const labels = `{via="invoke",level="${level}",outcome="${outcome}"}`;
      const rows = written.filter((row) => row.level === level && row.outcome === outcome);
      const count = rows.length === 0 ? "" : `isolate_executions_total${labels} ${rows.length}\n`;
      expect(told).toContain(count);
    }
  }
  expect(told).not.toMatch(/^isolate_refusals_total\{/m);
  expect(told).toMatch(/^isolate_audit_waiting 0$/m);
  return { perSecond };
}
