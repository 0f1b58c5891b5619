import type { WorkerJob } from "../src/protocol/messages.ts";

/** Jobs a sandbox runs for itself before it is ready; further ones make no difference. */
export const PRIMING_ROUNDS = 5;

/**
 * A module that uses a bit of everything. What matters is less that functions are compiled than
 * that the pages of the binary they lie in are there: a parser's path that no module has taken
 * yet costs the first one that does a millisecond or two.
 */
const CODE = `/* A comment */
interface Item { readonly n: number; name?: string }
enum Kind { A, B = "b" }
type Pair<T> = [T, T];
class Shape {
  #n = 1;
  static of<T extends Item>(item: T): Pair<T> { return [item, item]; }
  get n(): number { return this.#n; }
}
const double = x => x * 2;
export async function sum(items: Item[]): Promise<number> {
  let total = 0;
  for (const { n } of items) total += n;
  return total;
}
export default async (item: Item) => {
  try {
    console.log("n", item, Kind.B, [...Shape.of(item)], new Shape().n);
  } catch (error) {
    throw new Error(\`\${error}\`);
  }
  const text = JSON.stringify(item).replace(/n/g, "m");
  return { ...item, double: double(item?.n ?? 0), sum: await sum([item]), text };
};
`;

/** The way of a query through the database tool, as far as it gets without a database. */
const QUERY = `
const config = { rows: 1, bytes: 1, connection: { socket: "/nobody" } };
const { db, close } = openDatabase({ name: "database", config });
const { eq, sql } = db.operators;
await db.query.select({ n: sql\`1\` }).from(sql\`t\`).where(eq(sql\`n\`, 1)).limit(1).catch(() => {});
close();
`;

/**
 * The job of one round; each round has a source of its own, as real jobs do. Given the URL of the
 * database tool, it uses that, too.
 */
export function primingJob(round: number, databaseUrl?: string): WorkerJob {
  const query = databaseUrl && `import { openDatabase } from "${databaseUrl}";${QUERY}`;
  return {
    type: "job",
    entry: "default",
    code: `${query ?? ""}${CODE}// ${round}`,
    input: '{"n":1}',
    tools: [],
    limits: { logEntries: 1, logBytes: 1_000, resultBytes: 1_000 },
  };
}
