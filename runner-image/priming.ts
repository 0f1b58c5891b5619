import type { WorkerJob } from "../src/protocol/messages.ts";

/** Number of jobs that a sandbox runs for itself before it is ready. More make no difference. */
export const PRIMING_ROUNDS = 5;

/**
 * A module that uses many features of the language. Compiling functions matters less than loading
 * the binary's pages they lie in. The first module that takes a new path of the parser would pay
 * one or two milliseconds.
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

/**
 * Modules of the runtime whose imports the import map leads to a text. The first import of one takes
 * a millisecond, and a worker has it from then on.
 */
const CHANGED =
  'import "node:module"; import "node:os"; import "node:process"; import "node:v8"; import "node:vm";';

/** A query through the database tool; it gets as far as possible without a database. */
const QUERY = `
const config = { rows: 1, bytes: 1, connection: { socket: "/nobody" } };
const { db, close } = openDatabase({ name: "database", config });
const { eq, sql } = db.operators;
await db.query.select({ n: sql\`1\` }).from(sql\`t\`).where(eq(sql\`n\`, 1)).limit(1).catch(() => {});
close();
`;

/**
 * Makes the job of one round. Each round has its own source, as real jobs do. With the URL of the
 * database tool, the job uses that tool, too.
 */
export function primingJob(round: number, databaseUrl?: string): WorkerJob {
  const query = databaseUrl && `import { openDatabase } from "${databaseUrl}";${QUERY}`;
  return {
    type: "job",
    entry: "default",
    code: `${CHANGED}${query ?? ""}${CODE}// ${round}`,
    moduleUrl: `file:///prepared-${round}.ts`,
    input: '{"n":1}',
    tools: [],
    limits: { logEntries: 1, logBytes: 1_000, resultBytes: 1_000 },
  };
}
