/** Tests that nothing of an ended execution goes to the proxy of the next one, which has the same path. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { denoBinary } from "../../src/deno/deno.ts";

/** Lets one client come before the end, gives it a place after it, and lets another dial after it. */
const PROGRAM = `
  import { offer } from "./runner-image/forwarder.ts";
  const path = Deno.args[0];
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const address = { hostname: "127.0.0.1", port: 0 };
  const proxy = Deno.listen({ transport: "unix", path });
  let reached = 0;
  (async () => { for await (const connection of proxy) { reached += 1; connection.close(); } })();
  const listen = Deno.listen;
  let port;
  Deno.listen = (options) => { const made = listen(options); port = made.addr.port; return made; };

  const attempt = async (take, serve, between) => {
    const close = offer(address, path, { take }, serve);
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    await sleep(20);
    close();
    between();
    await sleep(50);
    client.close();
  };
  const place = { waited: false, moved() {}, free() {} };
  const dials = async (_client, dial) => void (await dial());
  const late = Promise.withResolvers();
  await attempt(() => late.promise, dials, () => late.resolve(place));
  const asked = Promise.withResolvers();
  const dialsLate = async (_client, dial) => { await asked.promise; await dial() };
  await attempt(async () => place, dialsLate, () => asked.resolve());
  console.log(reached);
  Deno.exit(0);
`;

it("takes no client to the proxy once it is closed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "forwarder-"));
  try {
    const { outputFiles } = await build({
      stdin: { contents: PROGRAM, resolveDir: process.cwd() },
      bundle: true,
      format: "esm",
      write: false,
    });
    const file = join(directory, "main.js");
    await writeFile(file, outputFiles[0]?.contents ?? "");
    const args = ["run", "--no-config", "--allow-all", file, join(directory, "proxy.sock")];
    const { stdout } = await promisify(execFile)(denoBinary(), args, { env: { NO_COLOR: "1" } });
    expect(stdout.trim()).toBe("0");
  } finally {
    await rm(directory, { recursive: true });
  }
});
