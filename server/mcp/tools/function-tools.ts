import { functionName } from "../../../src/contract/functions.ts";
import { type FunctionCatalogue, requestOf } from "../../functions/catalogue.ts";
import { describedAs } from "../../functions/kept-request.ts";
import type { Caller } from "../../tenants/auth.ts";
import { mayCall, type Need } from "../../tenants/key-scopes.ts";
import type { Tool, ToolDefinition } from "../tool.ts";
import { type RunningParts, toolRun } from "./tool-run.ts";

/** Scopes of which a key needs one to call a function. */
const CALLING: readonly Need[] = ["execute", "invoke"];
/** Functions of a page. Each may have a schema of 16 KiB. */
const PAGE = 50;

/** Lists a page of the functions that are tools. `next` is there if there may be more. */
export async function listedFunctions(
  functions: FunctionCatalogue,
  caller: Caller,
  after: string | undefined,
): Promise<{ readonly tools: ToolDefinition[]; readonly next?: string }> {
  const found = await functions.described(caller.tenant.id, { after, limit: PAGE });
  const tools = found.flatMap((row) =>
    mayCall(caller, CALLING, row.name) ? (definitionOf(row) ?? []) : [],
  );
  const last = found.length === PAGE ? found.at(-1) : undefined;
  return { tools, ...(last && { next: last.name }) };
}

/** Finds the function that is a tool of this name. */
export async function functionTool(
  { functions, ...parts }: RunningParts & { readonly functions: FunctionCatalogue },
  { tenant }: Caller,
  name: string,
): Promise<Tool | undefined> {
  if (!functionName.safeParse(name).success) return undefined;
  const version = await functions.callable(tenant, name);
  const definition = version?.kind === "value" ? definitionOf(version) : undefined;
  if (version === undefined || definition === undefined) return undefined;
  return {
    definition,
    needs: CALLING,
    call(input, call) {
      const request = { ...requestOf(version), input };
      const called = { function: { name, version: version.version }, isBundle: version.isBundle };
      return toolRun(parts, { request, ...called }, call);
    },
  };
}

function definitionOf(version: Parameters<typeof describedAs>[0] & { readonly name: string }) {
  const { schema, description } = describedAs(version);
  if (schema === undefined) return undefined;
  const { name } = version;
  return { name, ...(description !== undefined && { description }), inputSchema: schema };
}
