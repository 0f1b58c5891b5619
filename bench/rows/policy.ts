import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import type { Row } from "../table.ts";

const WARM_UP = 2;

/** Measures the time that a grant adds to a warm execution: one seen before, and a new one. */
export async function policy(context: Context): Promise<Row[]> {
  const known: number[] = [];
  const fresh: number[] = [];
  let count = 0;
  const unknownHost = (): string => `host-${count++}.example.com`;
  for (let round = 0; round < WARM_UP; round += 1) await sample(context, "api.example.com");
  for (const _ of rounds(context, share(context, 1 / 2), 40)) {
    const plain = await sample(context);
    // Sandboxes prepared for this grant are warm only after its first request.
    await sample(context, "api.example.com");
    await sample(context, "api.example.com");
    known.push((await sample(context, "api.example.com")) - plain);
    fresh.push((await sample(context, unknownHost())) - plain);
  }
  return [
    {
      work: "a policy, beyond the same without",
      unit: "ms",
      values: known,
      goal: { of: "value", better: "lower", must: 30 },
    },
    {
      work: "a policy nobody has had yet",
      unit: "ms",
      values: fresh,
      goal: { of: "value", better: "lower", must: 120, aim: 30 },
    },
  ];
}

async function sample({ server }: Context, host?: string): Promise<number> {
  await server.quiet();
  const permissions = host === undefined ? {} : { net: [host] };
  const { ms } = await server.execute({ ...uniqueRequest(), permissions }, EXPECTED);
  return ms;
}
