import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { denoBinary } from "../../src/deno/deno.ts";
import { endChild } from "../children.ts";
import { type Context, EXPECTED, rounds, share, uniqueRequest } from "../context.ts";
import { spawnDeno } from "../deno.ts";
import { proportionalSize } from "../proc.ts";
import type { Row } from "../table.ts";

/** Milliseconds after which an idle process has freed the memory of its start. */
const IDLE = 1_000;

/** Number of bare processes: as many as sandboxes, so that the binary's pages count equally. */
const PAIR = [1, 2] as const;

/**
 * Measures the memory of a warm sandbox. Reference: a Deno process that only waits. Pages of the
 * binary count by share. The two sandboxes share the image's binary, the two bare processes a copy
 * of npm's. It is a copy, because other processes of this host may run npm's own.
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
  // New sandboxes in each round: otherwise the pool would show the same two again.
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
