import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import type { Client } from "../http.ts";
import type { Row } from "../table.ts";
import { TenantServer } from "../tenants.ts";

const TENANTS = 200;
/** Milliseconds until the next sandbox is warm, on an otherwise idle machine. */
const GAP = 500;

/** Measures warm executions of many tenants in turn. Reference: those of a single tenant. */
export async function tenants(context: Context): Promise<Row[]> {
  const server = await TenantServer.start(context, "tenants");
  try {
    const only = await sample(context, [await server.tenant("only")]);
    const all: Client[] = [];
    for (let each = 0; each < TENANTS; each += 1) all.push(await server.tenant(`tenant-${each}`));
    return [
      {
        work: `execute, warm, ${TENANTS} tenants in turn`,
        unit: "ms",
        values: await sample(context, all),
        reference: { name: "a single one", values: only },
        goal: { of: "ratio", better: "lower", must: 1.5 },
      },
    ];
  } finally {
    await server.stop();
  }
}

async function sample(context: Context, clients: readonly Client[]): Promise<number[]> {
  const values: number[] = [];
  const count = Math.max(clients.length, share(context, 2));
  for (const round of rounds(context, count, 150)) {
    await sleep(GAP, undefined, { signal: context.signal });
    const client = clients[round % clients.length];
    if (client !== undefined) values.push((await client.execute(uniqueRequest(), EXPECTED)).ms);
  }
  return values;
}
