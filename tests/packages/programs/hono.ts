import { Hono } from "hono";
import { etag } from "hono/etag";

const app = new Hono();
app.use("/notes/*", etag());
app.get("/notes/:id", (c) => c.json({ id: c.req.param("id"), full: c.req.query("full") }));
app.post("/notes", async (c) => c.text(`made ${(await c.req.json()).title}`, 201));

export default async () => {
  const read = await app.request("/notes/7?full=yes");
  const made = await app.request("/notes", {
    method: "POST",
    body: JSON.stringify({ title: "tea" }),
  });
  const missing = await app.request("/none");
  return [
    await read.json(),
    read.headers.get("etag"),
    made.status,
    await made.text(),
    missing.status,
  ];
};
