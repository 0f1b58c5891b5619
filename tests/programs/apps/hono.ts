/** A REST API by Hono: groups, middleware, cookies, errors, streams. */
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { stream } from "hono/streaming";

type Book = { id: number; title: string };
const books = new Map<number, Book>([[1, { id: 1, title: "Emma" }]]);

const api = new Hono()
  .get("/books", (c) => c.json([...books.values()]))
  .get("/books/:id{[0-9]+}", (c) => {
    const book = books.get(Number(c.req.param("id")));
    if (!book) throw new HTTPException(404, { message: "No such book" });
    return c.json(book);
  })
  .post("/books", async (c) => {
    const { title } = await c.req.json<{ title: string }>();
    const book = { id: books.size + 1, title };
    books.set(book.id, book);
    return c.json(book, 201, { Location: `/api/books/${book.id}` });
  });

const app = new Hono();
app.use("/api/*", cors({ origin: "https://shop.example" }));
app.use("/admin/*", basicAuth({ username: "ada", password: "x" }));
app.get("/", (c) => c.text("Hello Hono!"));
app.get("/admin/stats", (c) => c.text("secret"));
app.get("/visits", (c) => {
  const visits = Number(getCookie(c, "visits") ?? 0) + 1;
  setCookie(c, "visits", String(visits));
  return c.html(`<p>${visits}</p>`);
});
app.get("/count", (c) =>
  stream(c, async (s) => {
    for (const n of [1, 2, 3]) await s.write(`${n}\n`);
  }),
);
app.get("/old", (c) => c.redirect("/new", 301));
app.route("/api", api);
app.notFound((c) => c.json({ error: "Not found", path: c.req.path }, 404));
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("Oops", 500)));

export default app;
