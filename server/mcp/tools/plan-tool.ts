import type { Kernel } from "../../../src/kernel/kernel.ts";
import type { ExecuteRequest } from "../../../src/request/types.ts";
import { checked } from "../../http/checked.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import { jsonResult } from "../results.ts";
import type { Tool } from "../tool.ts";
import { executeArguments } from "./execute-tool.ts";

/** Makes the tool that tells what an execution would be granted. */
export function planTool(kernel: Kernel): Tool {
  return {
    definition: {
      name: "plan",
      description:
        "Tells what the same arguments to execute would be granted and refused, and why. It runs nothing.",
      inputSchema: jsonSchemaOf(executeArguments),
    },
    needs: ["execute", "deploy", "read"],
    async call(given, { caller: { tenant } }) {
      const request = checked(executeArguments, given) as ExecuteRequest;
      return jsonResult(JSON.stringify(await kernel.plan(request, { tenant })));
    },
  };
}
