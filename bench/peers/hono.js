/**
 * Answers `POST /` with a constant, by Hono on Node.js, as the control plane does. It prints its
 * address as one line of JSON, and ends with its standard input.
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const app = new Hono();
app.post("/", async (context) => {
  await context.req.json();
  return context.json({ ok: true, result: 42 });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => {
  console.log(JSON.stringify({ origin: `http://127.0.0.1:${port}` }));
});
process.stdin.on("end", () => process.exit());
process.stdin.resume();
