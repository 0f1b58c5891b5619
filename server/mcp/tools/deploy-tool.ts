import { z } from "zod";
import { type DeployBody, deployBody, nameParams } from "../../../src/contract/functions.ts";
import type { FunctionCatalogue } from "../../functions/catalogue.ts";
import { deployed } from "../../functions/shown-version.ts";
import { checked } from "../../http/checked.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import { jsonResult } from "../results.ts";
import type { Tool } from "../tool.ts";

const { shape } = deployBody;

/** Fields of a deployment that clients list. All others are taken, too. */
const shown = z.object({
  name: nameParams.shape.name.meta({ description: "Up to 63 letters, digits, - and _" }),
  code: shape.code,
  files: shape.files,
  main: shape.main,
  description: shape.description,
  schema: shape.schema,
  timeout: shape.timeout,
  permissions: shape.permissions,
  dependencies: shape.dependencies,
  tools: shape.tools,
  kind: shape.kind,
  public: shape.public,
  functions: shape.functions,
  functionsEndpoint: shape.functionsEndpoint,
});

const DESCRIPTION = `Deploys a function: code of the same form as that of execute, kept under a name. Each call makes a new version, which is the one that is called from then on.
With "schema", a JSON Schema of type object, the function becomes a tool of its own, named after it; "description" tells what it does.`;

/** Makes the tool that deploys functions. */
export function deployTool(functions: FunctionCatalogue): Tool {
  return {
    definition: { name: "deploy", description: DESCRIPTION, inputSchema: jsonSchemaOf(shown) },
    needs: ["deploy"],
    async call(given, { caller, signal }) {
      const { name: named, ...rest } = given as Record<string, unknown>;
      const { name } = checked(nameParams, { name: named }) as { name: string };
      const body = checked(deployBody, rest) as DeployBody;
      const version = await functions.deploy({ caller, name, body, signal });
      return jsonResult(JSON.stringify(deployed(version)));
    },
  };
}
