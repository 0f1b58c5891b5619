import postgres from "postgres";
import { type Context, EXPECTED, rounds, share } from "../context.ts";
import { timed } from "../stats.ts";
import type { Row } from "../table.ts";

/** Executions that are not measured. They make the host keep connections ready for the database. */
const WARM_UP = 3;
let count = 0;

/**
 * Measures `select 42` from a warm sandbox. Reference: a client on the host that connects for it.
 */
export async function database(context: Context): Promise<Row[]> {
  const inside: number[] = [];
  const outside: number[] = [];
  for (let round = 0; round < WARM_UP; round += 1) await throughSandbox(context);
  for (const _ of rounds(context, share(context, 1 / 2), 30)) {
    inside.push(await throughSandbox(context));
    outside.push(await timed(() => plainly(context)));
  }
  return [
    {
      work: "select of the database tool, warm, HTTP",
      unit: "ms",
      values: inside,
      reference: { name: "postgres.js, fresh connection", values: outside },
      goal: { of: "ratio", better: "lower", must: 2 },
    },
  ];
}

async function throughSandbox({ server }: Context): Promise<number> {
  await server.quiet();
  count += 1;
  const code = `export default async () => (await db.db.execute("select 42 as n"))[0].n // ${count}`;
  const { ms } = await server.execute({ code, tools: ["database"], timeout: 10_000 }, EXPECTED);
  return ms;
}

async function plainly({ database: server }: Context): Promise<void> {
  const sql = postgres(server?.url() ?? "", { max: 1 });
  const [row] = await sql`select 42 as n`;
  if (row?.n !== EXPECTED) throw new Error("The server did not answer");
  await sql.end();
}
