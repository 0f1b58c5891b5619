import { join } from "node:path";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import { BenchServer } from "../server.ts";
import type { Row } from "../table.ts";

/** Measures a request that finds no sandbox. Reference: a container that does nothing. */
export async function cold(context: Context): Promise<Row[]> {
  const { docker, signal, scratch } = context;
  const runDirectory = join(scratch, "cold");
  // With no minimum, the pool keeps no sandbox warm, so each request starts one.
  const server = await BenchServer.start({ docker, runDirectory, min: 0, signal });
  try {
    await sample(context, server);
    const values: number[] = [];
    const reference: number[] = [];
    for (const _ of rounds(context, share(context, 1 / 5), 20)) {
      const one = await sample(context, server);
      values.push(one.cold);
      reference.push(one.plain);
    }
    return [
      {
        work: "execute, cold",
        unit: "ms",
        values,
        reference: { name: "create + start", values: reference },
        goal: { of: "ratio", better: "lower", must: 1.3, aim: 0.75 },
      },
    ];
  } finally {
    await server.stop();
  }
}

async function sample({ server: other, plain }: Context, server: BenchServer) {
  await other.quiet();
  await server.quiet();
  // A sandbox that was kept would look like a fast start.
  const kept = await server.sandboxPids();
  if (kept.length > 0) throw new Error("The server without a pool keeps a sandbox");
  const { ms } = await server.execute(uniqueRequest(), EXPECTED);
  await server.quiet();
  return { cold: ms, plain: await plain.createAndStart() };
}
