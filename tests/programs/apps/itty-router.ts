/** A small API by itty-router, as its README exports it. */
import { AutoRouter, error, json, type IRequest } from "itty-router";

const todos = [{ id: "1", text: "Write" }];

const withUser = (request: IRequest): void => {
  request.user = request.headers.get("x-user") ?? "nobody";
};

const router = AutoRouter();

router
  .all("*", withUser)
  .get("/hello/:name?", ({ name, user }) => `Hello ${name ?? user}`)
  .get("/todos", () => todos)
  .get("/todos/:id", ({ id }) => todos.find((todo) => todo.id === id) ?? error(404, "No todo"))
  .post("/todos", async (request) => {
    const { text } = await request.json();
    if (!text) return error(400, { message: "text is missing" });
    todos.push({ id: String(todos.length + 1), text });
    return json(todos.at(-1), { status: 201 });
  })
  .get("/fail", () => {
    throw new Error("on purpose");
  });

export default router;
