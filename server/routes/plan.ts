import { z } from "zod";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { strictObject } from "../../src/request/object-schema.ts";
import { sentRequest } from "../../src/request/sent-request.ts";
import type { ExecuteRequest } from "../../src/request/types.ts";
import { type Route, route } from "../http/route.ts";
import { namedType, type TypeName } from "../resources/named-type.ts";
import type { ResourceService } from "../resources/resource-service.ts";

const { code, ...others } = sentRequest.shape;

/** Request body: that of an execution, or the name of a type. */
const planned = strictObject({
  code: code.optional(),
  ...others,
  type: z
    .string()
    .max(256)
    .optional()
    .meta({ description: "Name of a resource type, for its plan" }),
  locator: z.string().optional().meta({ description: "Of a resource, for the plan of its type" }),
})
  .superRefine((body, context) => {
    const named = (["code", "type", "locator"] as const).filter((name) => name in body);
    const refuse = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: [field], message });
    };
    if (named.length !== 1) return refuse(named[1] ?? "code", "Expected code, type or locator");
    if (named[0] === "code") return;
    const other = Object.keys(body).find((name) => name !== named[0]);
    if (other !== undefined) refuse(other, "Only with code");
  })
  .meta({ id: "PlanRequest" });

/**
 * `POST /plan`: the grants and refusals of the same request to `POST /execute`, or of a resource
 * type. It runs nothing.
 */
export function planRoutes(kernel: Kernel, resourceService?: ResourceService): Route[] {
  return [
    route({
      method: "POST",
      path: "/plan",
      scope: "tenant",
      needs: ["execute", "deploy", "read"],
      summary: "Tell what a request or a resource type would be granted, at every layer",
      examples: {
        host: {
          summary: "A host and a variable",
          value: {
            code: "export default () => fetch('https://example.com')",
            permissions: { net: ["example.com"], env: ["TZ"] },
          },
        },
      },
      tags: ["Executions"],
      body: planned,
      responses: { 200: { description: "The plan; nothing has run", schema: z.looseObject({}) } },
      handler: async ({ body, caller, c }) => {
        const { tenant } = caller;
        if (isExecution(body)) return c.json(await kernel.plan(body, { tenant }));
        const type = await namedType(resourceService, tenant.id, body as TypeName);
        return c.json(await resourceService?.runs.plan(caller, type));
      },
    }),
  ];
}

function isExecution(body: object): body is ExecuteRequest {
  return "code" in body;
}
