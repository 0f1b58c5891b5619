/** Typed routes by Elysia. */
import { Elysia, t } from "elysia";

const app = new Elysia({ aot: false })
  .derive(({ headers }) => ({ agent: headers["x-agent"] ?? "none" }))
  .get("/", "Hello Elysia")
  .get("/agent", ({ agent }) => ({ agent }))
  .get("/id/:id", ({ params: { id } }) => id * 2, { params: t.Object({ id: t.Number() }) })
  .post("/mirror", ({ body }) => body, { body: t.Object({ name: t.String(), tags: t.Array(t.String()) }) })
  .get("/gone", ({ status }) => status(410, "Gone"))
  .onError(({ code, set }) => {
    if (code === "VALIDATION") {
      set.status = 422;
      return { code };
    }
    if (code === "NOT_FOUND") return "Nothing here";
  });

export default app;
