/** Routes with schemas by feTS. */
import { createRouter, Response } from "fets";

const router = createRouter({ landingPage: false, openAPI: { endpoint: false }, swaggerUI: { endpoint: false } })
  .route({
    method: "GET",
    path: "/todos/:id",
    handler: ({ params, query }) => Response.json({ id: params.id, filter: query.filter ?? null }),
  })
  .route({
    method: "POST",
    path: "/todos",
    handler: async (request) => Response.json({ added: await request.json() }, { status: 201 }),
  })
  .route({
    method: "POST",
    path: "/upload",
    handler: async (request) => {
      const form = await request.formData();
      const file = form.get("file") as unknown as File;
      return Response.json({ name: file.name, text: await file.text(), note: form.get("note") });
    },
  });

export default router;
