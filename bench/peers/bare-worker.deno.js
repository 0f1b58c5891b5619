/**
 * Runs code in a fresh Worker of Deno for each line of JSON on standard input, and answers with one
 * line of JSON. The Worker has no permissions, and is ended after its message. The time is the
 * process's own.
 */
const encoder = new TextEncoder();
const kept = [];

let rest = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const parts = `${rest}${chunk}`.split("\n");
  rest = parts.pop();
  for (const line of parts) void answer(JSON.parse(line));
}

async function answer({ id, code, input, keep }) {
  let said;
  try {
    said = { id, ...(await run(code, input, keep)) };
  } catch (error) {
    said = { id, error: String(error) };
  }
  // A line is short enough for one call, which no other line can interrupt.
  Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(said)}\n`));
}

/** Measures the making of the Worker, its answer, and its end. */
async function run(code, input, keep) {
  const started = performance.now();
  // One module and no import, which would take longer.
  const source = `${code.replace("export default", "const main =")};
onmessage = async ({ data }) => postMessage(await main(data));`;
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const worker = new Worker(url, { type: "module", deno: { permissions: "none" } });
  const result = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(input);
  });
  if (keep) kept.push(worker);
  else worker.terminate();
  return { result, ms: performance.now() - started };
}
