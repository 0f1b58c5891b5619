import { z } from "zod";
import { PayloadTooLarge } from "../../../src/errors.ts";
import { ResourceTypeError } from "../../../src/resourcex/errors.ts";
import { ownerOf } from "../../../src/tenant.ts";
import type { Route } from "../../api/route.ts";
import type { Hub } from "../../registry/hub.ts";
import { RegistryProblem } from "../../registry/problem.ts";
import type { DescribedType } from "../../registry/tenant-types.ts";
import { uploadedType } from "../../registry/upload.ts";
import { registryRoute } from "./registry-route.ts";
import { typeAnswer } from "./schemas.ts";

const MAX_SOURCE = 1_048_576;

/** What is missing has an error of its own. */
const upload = z.looseObject({ source: z.unknown().optional().meta({ type: "string" }) });

/** `POST /types` with `{ source }`: has the type run here from now on; 201 with what it is. */
export function uploadTypeRoute(hub: Hub): Route {
  return registryRoute({
    method: "POST",
    path: "/types",
    summary: "Have a type run here",
    body: upload,
    responses: { 201: { description: "What the type is", schema: typeAnswer } },
    handler: async ({ body: { source }, caller, requestId, signal, c }) => {
      if (typeof source !== "string") {
        throw new RegistryProblem("INVALID_TYPE", "source: The text of a module is required");
      }
      if (Buffer.byteLength(source) > MAX_SOURCE) {
        throw new PayloadTooLarge("source", `source: More than ${MAX_SOURCE} bytes`);
      }
      const engine = hub.runs.engineFor({ caller, requestId, signal });
      const type = await uploadedType(engine, ownerOf(caller.tenant), source).catch(invalid);
      await hub.types.add(caller, type);
      return c.json(describe(type), 201);
    },
  });
}

/** `GET /types`: what the types that run here are. */
export function listTypesRoute(hub: Hub): Route {
  return registryRoute({
    method: "GET",
    path: "/types",
    summary: "The types that run here",
    responses: {
      200: { description: "All of them", schema: z.object({ types: z.array(typeAnswer) }) },
    },
    handler: async ({ caller, c }) => {
      const types = await hub.types.list(caller.tenant.id);
      return c.json({ types: types.map(describe) });
    },
  });
}

function invalid(error: unknown): never {
  if (error instanceof ResourceTypeError) throw new RegistryProblem("INVALID_TYPE", error.message);
  throw error;
}

function describe({ name, aliases = [], description, schema }: DescribedType): object {
  return { name, aliases, description, ...(schema && { schema }), sandbox: "container" };
}
