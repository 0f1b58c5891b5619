import { z } from "zod";
import { BadRequest } from "../../../src/base/errors.ts";
import { functionName } from "../../../src/contract/functions.ts";
import { strictObject } from "../../../src/request/object-schema.ts";
import { LOG_ENTRY_LEVELS } from "../../../src/request/output.ts";
import type { FunctionCatalogue } from "../../functions/catalogue.ts";
import { checked } from "../../http/checked.ts";
import {
  executionLogsText,
  functionLogsPage,
  type KeptLogsParts,
} from "../../replies/kept-logs-text.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import { jsonResult } from "../results.ts";
import type { Tool } from "../tool.ts";

const MOST = 50;
const DEFAULT = 10;

const logsArguments = strictObject({
  execution: z.string().max(100).optional().meta({ description: "Id of an execution" }),
  function: functionName.optional().meta({ description: "Name of a function" }),
  level: z.enum(LOG_ENTRY_LEVELS).optional().meta({ description: "The least, of a function" }),
  limit: z.int().min(1).max(MOST).optional().meta({ description: "Executions of a function; 10" }),
});

export interface LogsToolParts extends KeptLogsParts {
  readonly functions: FunctionCatalogue;
}

/** Makes the tool that reads what code has logged. */
export function logsTool(parts: LogsToolParts): Tool {
  return {
    definition: {
      name: "logs",
      description:
        "Reads what an execution has logged, or the newest executions of a function, exceptions included. Give one of execution and function.",
      inputSchema: jsonSchemaOf(logsArguments),
    },
    needs: ["read"],
    async call(given, { caller: { tenant } }) {
      const asked = checked(logsArguments, given) as z.output<typeof logsArguments>;
      const { execution, function: name, level, limit = DEFAULT } = asked;
      if ((execution === undefined) === (name === undefined)) {
        throw new BadRequest("execution", "Expected either execution or function");
      }
      if (name === undefined) {
        return jsonResult(await executionLogsText(parts, tenant.id, execution ?? ""));
      }
      await parts.functions.get(tenant.id, name);
      return jsonResult(await functionLogsPage(parts, tenant.id, { function: name, level, limit }));
    },
  };
}
