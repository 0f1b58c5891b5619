/** Events and handlers by H3. */
import { H3, HTTPError, getQuery, handleCors, readBody, redirect } from "h3";

const app = new H3({ silent: true });

app.use((event) => {
  event.res.headers.set("x-powered-by", "h3");
  if (handleCors(event, { origin: "*" })) return new Response(null, { status: 204 });
});
app.get("/", () => "⚡️ Tadaa!");
app.get("/user/:name", (event) => ({ name: event.context.params?.name, query: getQuery(event) }));
app.post("/sum", async (event) => {
  const { numbers } = (await readBody<{ numbers: number[] }>(event)) ?? { numbers: [] };
  return { sum: numbers.reduce((a, b) => a + b, 0) };
});
app.get("/teapot", () => {
  throw new HTTPError({ status: 418, statusText: "I am a teapot", data: { short: true } });
});
app.get("/away", () => redirect("/user/ada", 302));
app.get("/lines", () => new ReadableStream({
  start(controller) {
    for (const line of ["a\n", "b\n"]) controller.enqueue(new TextEncoder().encode(line));
    controller.close();
  },
}));

export default app;
