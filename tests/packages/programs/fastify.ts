import Fastify from "fastify";

export default async () => {
  const app = Fastify();
  app.get("/tea/:kind", {
    schema: {
      querystring: { type: "object", properties: { n: { type: "integer" } } },
      response: {
        200: { type: "object", properties: { kind: { type: "string" }, n: { type: "number" } } },
      },
    },
    handler: async (request) => ({
      ...(request.params as object),
      ...(request.query as object),
      hidden: 1,
    }),
  });
  const found = await app.inject({ url: "/tea/green?n=2" });
  const bad = await app.inject("/tea/green?n=x");
  const missing = await app.inject("/none");
  return [found.json(), bad.statusCode, bad.json().message, missing.statusCode];
};
