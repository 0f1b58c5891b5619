import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { denoBinary } from "../../src/deno/deno.ts";
import { spawnDeno } from "../bare-worker.ts";
import { endChild } from "../children.ts";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import { proportionalSize } from "../proc.ts";
import type { Row } from "../table.ts";

/** Time after which an idle process has freed what it needed to start. */
const IDLE = 1_000;

/** As many bare processes as the pool has sandboxes, for equal shares of the binary's pages. */
const PAIR = [1, 2] as const;

/**
 * Memory of a warm sandbox beside that of a Deno process that only waits. Pages of the binary
 * count by share: the two sandboxes share the image's, the two bare processes a copy of npm's,
 * which whatever else on this host runs npm's own has no part in.
 */
export async function memory(context: Context): Promise<Row[]> {
  const binary = join(context.scratch, "bare-deno");
  await copyFile(denoBinary(), binary);
  const values: number[] = [];
  const reference: number[] = [];
  for (const _ of rounds(context, share(context, 1 / 13), 8)) {
    const one = await sample(context, binary);
    values.push(...one.sandboxes);
    reference.push(...one.bare);
  }
  return [
    {
      work: "memory of a warm sandbox (PSS)",
      unit: "MB",
      values,
      reference: { name: "bare idle deno", values: reference },
      goal: { of: "ratio", better: "lower", must: 1.5, aim: 1.1 },
    },
  ];
}

async function sample({ server, scratch, signal }: Context, binary: string) {
  // New sandboxes each round: the pool would show the same two again.
  await Promise.all(PAIR.map(() => server.execute(uniqueRequest(), EXPECTED)));
  const idle = ["eval", "setTimeout(() => {}, 1e9)"];
  const children = PAIR.map(() => spawnDeno(idle, scratch, binary));
  try {
    await server.quiet();
    await sleep(IDLE, undefined, { signal });
    const sandboxes = await Promise.all((await server.sandboxPids()).map(proportionalSize));
    const bare = await Promise.all(children.map(({ pid }) => proportionalSize(pid ?? 0)));
    return { sandboxes, bare };
  } finally {
    await Promise.all(children.map((child) => endChild(child, "SIGKILL", IDLE)));
  }
}
