import express from "express";
import inject from "light-my-request";

const app = express();
app.use(express.json());
app.get("/hello/:name", (request, response) => {
  response.json({ hello: request.params.name, n: request.query.n });
});
app.post("/orders", (request, response) => {
  response.status(201).send(`made ${request.body.title}`);
});

export default async () => {
  // Gives requests to the app without a port to listen at.
  const hello = await inject(app, "/hello/ada?n=2");
  const made = await inject(app, { method: "POST", url: "/orders", payload: { title: "tea" } });
  const missing = await inject(app, "/none");
  return [
    hello.json(),
    hello.headers["x-powered-by"],
    made.statusCode,
    made.body,
    missing.statusCode,
  ];
};
