/**
 * Runs code apart from other code in Deno as fast as honestly possible, without a sandbox. It makes
 * a fresh Worker for each line of JSON on standard input, and answers with one line of JSON.
 */
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
const encoder = new TextEncoder();

let rest = "";
for await (const chunk of lines) {
  const parts = `${rest}${chunk}`.split("\n");
  rest = parts.pop();
  for (const line of parts) {
    const answer = await run(JSON.parse(line));
    await Deno.stdout.write(encoder.encode(`${JSON.stringify(answer)}\n`));
  }
}

/** Measures the making of the worker, its answer, and its end. */
async function run({ expression, input }) {
  const source = `const main = ${expression}; onmessage = (e) => postMessage(main(e.data));`;
  const started = performance.now();
  const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const result = await new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(input);
  });
  worker.terminate();
  const ms = performance.now() - started;
  URL.revokeObjectURL(url);
  return { result, ms };
}
