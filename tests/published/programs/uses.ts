/** Uses of an isolate: an editor, functions, scripts of users, hooks, rules. */
import { createIsolate, type Isolate } from "isolate";

/** Answer of an editor's server. */
interface Shown {
  result?: unknown;
  logs?: unknown[];
}

export async function fromEditor(url: string, text: string): Promise<Shown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code: text, input: { userId: 123 } }),
  });
  return response.json();
}

/** An isolate for what students write. */
export function classroom(): Promise<Isolate> {
  return createIsolate({ config: { timeout: 5_000, maxSize: 50_000 } });
}

export async function passes(isolate: Isolate, code: string, cases: unknown): Promise<boolean> {
  const output = await isolate.execute({ code, input: cases, entry: "solution" });
  if (output.ok) console.log(output.result, output.logs);
  else console.error(output.error.message);
  return output.ok;
}

/** Runs many functions at once. */
export async function runAll(
  isolate: Isolate,
  requests: readonly { functionCode: string; payload: unknown }[],
): Promise<unknown[]> {
  const outputs = await Promise.all(
    requests.map(({ functionCode, payload }) =>
      isolate.execute({ code: functionCode, input: payload }),
    ),
  );
  return outputs.map(({ result }) => result);
}

interface Hook {
  name: string;
  code: string;
  hooks: string[];
}

export async function runHook(isolate: Isolate, hook: Hook, event: string, data: unknown) {
  const input = { hook: event, data };
  const output = await isolate.execute({ code: hook.code, input, entry: "onHook" });
  return output.ok ? output.result : null;
}

export async function discountOf(isolate: Isolate, rule: string, order: unknown): Promise<number> {
  const output = await isolate.execute({ code: rule, input: order });
  const { discount } = output.result as { discount: number };
  return discount;
}

/** Ends the sandboxes with the process. */
export function endWithProcess(isolate: Isolate): void {
  process.on("SIGTERM", async () => {
    await isolate.close();
    process.exit(0);
  });
}
