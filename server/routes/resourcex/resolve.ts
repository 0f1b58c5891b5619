import { z } from "zod";
import { ResourceTypeError } from "../../../src/resourcex/base/resourcex-errors.ts";
import { resultOf } from "../../../src/resourcex/types/type-request.ts";
import { RegistryProblem } from "../../errors/registry-problem.ts";
import type { Route } from "../../http/route.ts";
import { requiredLocator, storedResource } from "../../resources/locators.ts";
import type { ResourceService } from "../../resources/resource-service.ts";
import { registryRoute } from "./registry-route.ts";

/** Request body. Its fields are optional, because a missing one has an error of its own. */
const asked = z.looseObject({
  locator: z.unknown().optional().meta({ type: "string" }),
  args: z.unknown().optional().meta({ description: "Arguments, as the type's schema has them" }),
});

const answer = z.object({
  result: z.unknown().optional(),
  meta: z.looseObject({ executionTimeMs: z.int(), locator: z.string() }),
});

/** `POST /resolve` with `{ locator, args? }`: runs the resource's type on it, in a container. */
export function resolveRoute(resourceService: ResourceService): Route {
  return registryRoute({
    method: "POST",
    needs: "execute",
    path: "/resolve",
    summary: "Run a resource's type on it",
    operationId: "resolveResource",
    examples: {
      text: { summary: "A text", value: { locator: "example.com/hello.text@1.0.0" } },
    },
    body: asked,
    responses: { 200: { description: "What the type made of it", schema: answer } },
    handler: async ({ body, caller, requestId, signal, reserve, c }) => {
      const resource = await storedResource(
        resourceService,
        requiredLocator(body.locator),
        caller.tenant.id,
      );
      const { type, checkArguments } = await resourceService.types.get(
        caller.tenant.id,
        resource.manifest.type,
      );
      const args = await checkArguments(body.args).catch(badArguments);
      const started = performance.now();
      const asked = { caller, requestId, signal };
      const output = await resourceService.runs.run(asked, type, resource, args);
      const result = resultOf(output);
      const executionTimeMs = Math.round(performance.now() - started);
      const { logs, warnings } = output;
      const meta = {
        executionTimeMs,
        locator: resource.manifest.toLocator(),
        ...(logs && { logs }),
        ...(warnings && { warnings }),
      };
      const text = JSON.stringify({ result, meta });
      reserve(Buffer.byteLength(text));
      return c.body(text, 200, { "Content-Type": "application/json" });
    },
  });
}

function badArguments(error: unknown): never {
  if (!(error instanceof ResourceTypeError)) throw error;
  throw new RegistryProblem("INVALID_ARGUMENTS", error.message);
}
