import { setTimeout as sleep } from "node:timers/promises";
import { type Context, EXPECTED, rounds, share } from "../context.ts";
import type { Row } from "../table.ts";

const WARM_UP = 3;
/** Milliseconds for the work that an answered request leaves behind. */
const BREATH = 50;
const BYTES = 2_097_152;
/** Bytes of one function of the large code, as many as packages have on average. */
const FUNCTION = 1_024;

type Way = "fresh" | "kept";

/** Measures warm calls of a function of two megabytes beside the same ones of a trivial function. */
export async function largeCode(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const way of ["fresh", "kept"] as const) {
    const reuse = way === "kept" ? "code" : "never";
    const names = { large: `large-${way}`, trivial: `trivial-${way}` };
    await deploy(context, names.large, { code: largeModule(), reuse });
    await deploy(context, names.trivial, { code: "export default (x) => x * 2", reuse });
    const [large, trivial]: [number[], number[]] = [[], []];
    for (let round = 0; round < WARM_UP; round += 1) await pair(context, way, names);
    for (const _ of rounds(context, share(context, 1 / 2), 40)) {
      const sample = await pair(context, way, names);
      large.push(sample.large);
      trivial.push(sample.trivial);
    }
    rows.push({
      work: `a function of 2 MB, ${way === "kept" ? "reused" : "warm"}`,
      unit: "ms",
      values: large,
      reference: { name: "a trivial one", values: trivial },
      // Beside a parse, which a kept sandbox has done, it may take half as long again.
      goal: { of: "ratio", better: "lower", must: way === "kept" ? 1.5 : 20 },
    });
  }
  return rows;
}

async function pair(context: Context, way: Way, names: { large: string; trivial: string }) {
  return {
    large: await invoke(context, way, names.large),
    trivial: await invoke(context, way, names.trivial),
  };
}

async function deploy({ server }: Context, name: string, deployment: object): Promise<void> {
  const { status, body } = await server.client.put(`/functions/${name}`, deployment);
  if (status !== 201) throw new Error(`PUT /functions/${name}: ${status} ${JSON.stringify(body)}`);
}

async function invoke({ server, signal }: Context, way: Way, name: string): Promise<number> {
  if (way === "fresh") await server.quiet();
  else await sleep(BREATH, undefined, { signal });
  const { body, ms } = await server.client.post(`/functions/${name}/invoke`, { input: 21 });
  const { result } = body as { result?: unknown };
  if (result !== EXPECTED) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return ms;
}

function largeModule(): string {
  let code = "export default (x) => x * 2;\n";
  for (let n = 0; code.length < BYTES; n += 1) {
    let body = "";
    for (let k = 0; body.length < FUNCTION; k += 1)
      body += `const v${k} = [x + ${k}, { a: "${n}" }];`;
    code += `function f${n}(x) { ${body} return x; }\n`;
  }
  return code;
}
