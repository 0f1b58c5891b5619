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

/**
 * The job of one round; each round has a source of its own, as real jobs do. Named the URL of the
 * database tool, it imports that.
 */
export function primingJob(round: number, databaseUrl?: string): WorkerJob {
  const first = databaseUrl === undefined ? "" : `import ${JSON.stringify(databaseUrl)};`;
  return {
    type: "job",
    entry: "default",
    code: `${first}${CODE}// ${round}`,
    input: '{"n":1}',
    tools: [],
    limits: { logEntries: 1, logBytes: 1_000, resultBytes: 1_000 },
  };
}
