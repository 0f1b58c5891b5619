import { build } from "esbuild";

/** Bundles a module that imports packages as their users do. */
export async function bundled(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["deno", "import"],
    external: ["node:*"],
    minify: true,
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** Apps on frameworks from npm, as their docs show them. All have the same routes. */
export const APPS: readonly (readonly [name: string, source: string])[] = [
  [
    "hono",
    `import { Hono } from "hono"; import { cors } from "hono/cors"; import { streamText } from "hono/streaming";
       const app = new Hono(); app.use(cors());
       app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), q: c.req.query("q") }));
       app.post("/echo", async (c) => c.text(await c.req.text(), 201));
       app.get("/stream", (c) => streamText(c, async (s) => { await s.write("a"); await s.write("b"); }));
       app.get("/go", (c) => c.redirect("/users/2"));
       app.notFound((c) => c.text("none", 404));
       export default app;`,
  ],
  [
    "itty-router",
    `import { AutoRouter, text } from "itty-router";
       const router = AutoRouter({ missing: () => new Response("none", { status: 404 }) });
       router.get("/users/:id", ({ params, query }) => ({ id: params.id, q: query.q }))
         .post("/echo", async (request) => new Response(await request.text(), { status: 201 }))
         .get("/stream", () => text("ab"))
         .get("/go", () => new Response(null, { status: 302, headers: { location: "/users/2" } }));
       export default { ...router };`,
  ],
  [
    "itty-router's router itself",
    `import { Router } from "itty-router";
       const router = Router();
       router.get("/users/:id", ({ params, query }) => Response.json({ id: params.id, q: query.q }))
         .post("/echo", async (request) => new Response(await request.text(), { status: 201 }))
         .get("/stream", () => new Response("ab"))
         .get("/go", () => new Response(null, { status: 302, headers: { location: "/users/2" } }))
         .all("*", () => new Response("none", { status: 404 }));
       export default router;`,
  ],
  [
    "h3",
    `import { H3, redirect, getQuery } from "h3";
       const app = new H3();
       app.get("/users/:id", (event) => ({ id: event.context.params.id, q: getQuery(event).q }))
         .post("/echo", async (event) => { event.res.status = 201; return await event.req.text(); })
         .get("/stream", () => new ReadableStream({ start(c) {
           c.enqueue(new TextEncoder().encode("a")); c.enqueue(new TextEncoder().encode("b")); c.close(); } }))
         .get("/go", () => redirect("/users/2"))
         .all("/**", () => new Response("none", { status: 404 }));
       export default app;`,
  ],
];
