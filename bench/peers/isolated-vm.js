/**
 * Runs code in a fresh isolate of isolated-vm for each line of JSON on standard input, and answers
 * with one line of JSON. The time is the process's own, so no message counts.
 */
import { createInterface } from "node:readline";
import ivm from "isolated-vm";

/** Limits as usual for a sandbox. */
const MEMORY = 128;
const TIMEOUT = 10_000;

const kept = [];

for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line));

async function answer({ id, code, input, keep }) {
  try {
    console.log(JSON.stringify({ id, ...(await run(code, input, keep)) }));
  } catch (error) {
    console.log(JSON.stringify({ id, error: String(error) }));
  }
}

/** Measures the making of the isolate, its answer, and its end. */
async function run(code, input, keep) {
  const started = performance.now();
  const isolate = new ivm.Isolate({ memoryLimit: MEMORY });
  const context = await isolate.createContext();
  const module = await isolate.compileModule(code);
  await module.instantiate(context, () => {
    throw new Error("The code imports a module");
  });
  await module.evaluate({ timeout: TIMEOUT });
  const main = await module.namespace.get("default", { reference: true });
  const options = { arguments: { copy: true }, result: { copy: true }, timeout: TIMEOUT };
  const result = await main.apply(undefined, [input], options);
  if (keep) kept.push(isolate);
  else isolate.dispose();
  return { result, ms: performance.now() - started };
}
