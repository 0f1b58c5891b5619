import { join } from "node:path";
import { createRegistry, createRXA, createRXM, parseRXL } from "../../src/resourcex/index.ts";
import type { BundledType, SandboxType } from "../../src/resourcex/types/type.ts";
import { type Context, rounds } from "../context.ts";
import type { Row } from "../table.ts";

const WARM_UP = 3;
const LEVELS = ["none", "isolated", "container"] as const satisfies readonly SandboxType[];

const resolve = (name: string): string => `Hello, ${name}`;

/**
 * Measures executions of a resource's type, one after the other, at each level. Reference: the
 * function itself.
 */
export async function resourcex(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const level of LEVELS) rows.push(await measure(context, level));
  return rows;
}

async function measure(context: Context, level: SandboxType): Promise<Row> {
  const path = join(context.scratch, `registry-${level}`);
  const registry = createRegistry({ path, types: [greeting(level)], runDirectory: `${path}-run` });
  try {
    const manifest = createRXM({ domain: "localhost", name: "a", type: "greeting", version: "1" });
    const locator = parseRXL(manifest.toLocator());
    await registry.add({ locator, manifest, archive: await createRXA({ content: "x" }) });
    const { execute } = await registry.resolve<string, string>(String(locator));
    const once = async (name: string): Promise<number> => {
      const started = performance.now();
      const result = await execute(name);
      const took = performance.now() - started;
      if (result !== resolve(name)) throw new Error(`Level ${level} gave ${result}`);
      return took;
    };
    for (let round = 0; round < WARM_UP; round += 1) await once(`${round}`);
    const values: number[] = [];
    const direct: number[] = [];
    for (const round of rounds(context, context.samples * 5, 20)) {
      const started = performance.now();
      resolve(`${round}`);
      direct.push(performance.now() - started);
      values.push(await once(`${round}`));
    }
    return {
      work: `execute() of a resource, ${level}`,
      unit: "ms",
      values,
      reference: { name: "direct call", values: direct },
      goal: { of: "value", better: "lower", must: 5 },
    };
  } finally {
    await registry.close();
  }
}

function greeting(sandbox: SandboxType): BundledType {
  const code = `export default { resolve: (_resource, name) => "Hello, " + name };`;
  return { name: "greeting", description: "", code, sandbox };
}
