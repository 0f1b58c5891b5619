/**
 * Runs code in a fresh Dynamic Worker of workerd for each request, without network. It prints its
 * address as one line of JSON, and ends with its standard input.
 */
import { Miniflare } from "miniflare";

/** Calls the function with the input, as the answer of a request. */
const CALLER = `import main from "code.js";
export default {
  fetch: async (request) => Response.json({ ok: true, result: await main(await request.json()) }),
};`;

/** Takes code and input as \`POST /execute\` does. With \`keep\`, the Worker stays for that name. */
const LOADER = `const CALLER = ${JSON.stringify(CALLER)};
const worker = (code) => ({
  compatibilityDate: "2026-01-01",
  mainModule: "caller.js",
  modules: { "caller.js": CALLER, "code.js": code },
  globalOutbound: null,
});
export default {
  async fetch(request, { LOADER }) {
    if (request.method === "GET") return Response.json({ ok: true });
    const { code, input, keep } = await request.json();
    const loaded = keep === undefined
      ? LOADER.load(worker(code))
      : LOADER.get(keep, () => worker(code));
    const body = JSON.stringify(input);
    return loaded.getEntrypoint().fetch("http://code/", { method: "POST", body });
  },
};`;

const server = new Miniflare({
  modules: true,
  script: LOADER,
  workerLoaders: { LOADER: {} },
  compatibilityDate: "2026-01-01",
  host: "127.0.0.1",
  port: 0,
});
console.log(JSON.stringify({ origin: (await server.ready).origin }));
process.stdin.on("end", async () => {
  await server.dispose();
  process.exit();
});
process.stdin.resume();
