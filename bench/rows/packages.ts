import { type Context, EXPECTED } from "../context.ts";
import type { Row } from "../table.ts";

/** Packages of the row, with the versions that the registry has. */
export const PACKAGES = ["zod", "hono", "date-fns"];
const DEPENDENCIES = Object.fromEntries(PACKAGES.map((name) => [name, "*"]));
const WARM = 20;
const DEPLOYMENTS = 5;

const code = (mark: number): string => `
  import { z } from "zod";
  import { Hono } from "hono";
  import { addDays, formatISO } from "date-fns";
  const app = new Hono().get("/", (c) => c.text("${mark}"));
  export default async (n) => {
    const day = formatISO(addDays(new Date(2026, 0, 31), 1), { representation: "date" });
    const answer = await (await app.request("/")).text();
    return day === "2026-02-01" && answer === "${mark}" ? z.number().parse(n) * 2 : 0;
  };`;

/**
 * Measures packages of a function: their resolution, the first and later deployments, and calls.
 */
export async function packages(context: Context): Promise<Row[]> {
  const { server } = context;
  const put = async (path: string, body: object): Promise<number> => {
    const answer = await server.client.put(path, body);
    if (answer.status >= 300) {
      throw new Error(`PUT ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    return answer.ms;
  };
  const invoke = async (): Promise<number> => {
    const { body, ms } = await server.client.post("/functions/packages/invoke", { input: 21 });
    const { result } = body as { result?: unknown };
    if (result !== EXPECTED) throw new Error(`packages: ${JSON.stringify(body)}`);
    return ms;
  };
  const deploy = (mark: number): Promise<number> =>
    put("/functions/packages", { code: code(mark), dependencies: DEPENDENCIES });
  const resolve = await put("/packages/bench", { dependencies: DEPENDENCIES });
  const first = await deploy(0);
  await server.quiet();
  const firstCall = await invoke();
  const warm: number[] = [];
  for (let round = 0; round < WARM; round += 1) warm.push(await invoke());
  const cached: number[] = [];
  for (let mark = 1; mark <= DEPLOYMENTS; mark += 1) cached.push(await deploy(mark));
  const row = (work: string, values: readonly number[], must: number): Row => ({
    work,
    unit: "ms",
    values,
    goal: { of: "value", better: "lower", must },
  });
  return [
    row("zod, hono and date-fns: resolved", [resolve], 5_000),
    row("first deployed", [first], 10_000),
    row("deployed again, with other code", cached, 300),
    row("first called", [firstCall], 250),
    row("called again", warm, 10),
  ];
}
