/** Tests executions over MCP that wait for their client, on one server. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane, type Json } from "../../../helpers/control-plane.ts";

let plane: ControlPlane;
type Tenant = Awaited<ReturnType<ReturnType<ControlPlane["serve"]>["tenant"]>>;
/** Tenants of servers that are impatient, and patient. */
let hasty: Tenant;
let acme: Tenant;
beforeAll(async () => {
  plane = await ControlPlane.open();
  hasty = await plane.serve({ heldPatience: 50 }).tenant("hasty");
  acme = await plane.serve().tenant("acme", { concurrency: 40 });
});
afterAll(() => plane.close());

/** Calls a tool, and resolves with its result or its error. */
async function call(by: Tenant, name: string, args: object): Promise<Json> {
  const params = { name, arguments: args };
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
  const { result, error } = (await (await by.post("/mcp", message)).json()) as Json;
  return result ?? error;
}

const execute = (by: Tenant) => call(by, "execute", { code: "1", functions: { f: {} } });
const answering = (by: Tenant, { structuredContent: { execution, calls } }: Json) =>
  call(by, "continue", { execution, answers: [{ call: calls[0].id, result: 1 }] });

/** Executions that began, by what ends each, and those whose signal has ended them. */
let begun: ((result: unknown) => void)[] = [];
let aborted = 0;

/** Lets each execution call one function, and end when it is told to. */
function waiting(): void {
  begun = [];
  aborted = 0;
  plane.behave = (_job, { calls, signal }) =>
    new Promise((resolve, reject) => {
      begun.push((result) => resolve({ result }));
      signal?.addEventListener("abort", () => {
        aborted += 1;
        reject(signal.reason);
      });
      calls?.connect(() => "sent");
      calls?.receive({ number: 1, name: "f", text: "1" });
    });
}

it("end when nobody answers for a while, and say so", async () => {
  waiting();
  const first = await execute(hasty);
  expect(first.structuredContent.calls).toHaveLength(1);
  await expect.poll(() => aborted).toBe(1);
  const late = await answering(hasty, first);
  expect(late).toMatchObject({ isError: true, structuredContent: { error: { status: 404 } } });
  expect(late.content[0].text).toContain("had no answer for 0.05 seconds");
});

it("are so many for one tenant at once, and leave bounded results", async () => {
  waiting();
  const all = await Promise.all(Array.from({ length: 33 }, () => execute(acme)));
  const refused = all.filter(({ code }) => code !== undefined);
  expect(refused).toMatchObject([{ data: { code: "CONCURRENCY_LIMIT", status: 429 } }]);
  // Each large one has 16 MB in memory, and 64 MiB are kept.
  for (const [n, end] of begun.entries()) end(n < 6 ? "x".repeat(8_000_000) : n);
  const ended = async () => (await acme.get("/executions?outcome=ok&limit=100")).executions.length;
  await expect.poll(ended).toBe(32);
  let large = 0;
  for (const one of all.filter(({ code }) => code === undefined)) {
    const { isError, content, structuredContent } = await answering(acme, one);
    if (isError) expect(structuredContent.error.code).toBe("CALL_NOT_FOUND");
    else if (content.at(-1).text.length > 8_000_000) large += 1;
  }
  expect(large).toBe(4);
});
