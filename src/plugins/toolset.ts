import { BadRequest } from "../base/errors.ts";
import { databaseGrant, databasePermissions } from "../config/database.ts";
import type { ToolPermissions } from "../permissions/tool-permissions.ts";
import type { ToolUse } from "../protocol/messages.ts";
import { SOLE_TENANT } from "../request/tenant.ts";
import type { SandboxLevel, ValidRequest } from "../request/types.ts";
import type { SchemaBundle } from "../tools/load-schemas.ts";
import { resolveTools } from "../tools/registry.ts";
import type { CustomTool } from "../tools/tool.ts";
import { toolPermissions as askPermissions } from "../tools/tool-permissions.ts";
import type { IsolatePlugin } from "./plugin.ts";
import { tenantResources } from "./tenant-resources.ts";

/**
 * Resolves the names of tools, including registered ones, and asks those for the permissions they
 * need. Offers the resolver to other plugins as `onToolset`.
 */
export function ToolsetPlugin(
  registered: readonly CustomTool[] = [],
  schemas: SchemaBundle = { tables: [] },
): IsolatePlugin {
  return {
    name: "toolset",
    required: ["guard"],
    setup(api) {
      const { config } = api;
      const ownOf = tenantResources(config);
      const withSchemas = (use: ToolUse): ToolUse =>
        use.name === "database" && schemas.text !== undefined
          ? { ...use, module: schemas.text }
          : use;
      const resolve = (names: readonly string[], level?: SandboxLevel, tenant = SOLE_TENANT) => {
        const { db } = ownOf(tenant);
        return resolveTools(names, { ...config, db }, registered, level).map(withSchemas);
      };
      api.onToolset.tap(() => ({ resolve }));
      api.onLoad.tap((context) => {
        const { request, level, tenant } = context;
        const tools = resolve(request.tools, level, tenant);
        const customTools = tools.flatMap(
          ({ name }) => registered.find(({ tool }) => tool.name === name) ?? [],
        );
        for (const custom of customTools) assertUsable(custom, level, request);
        const permissionsOf = ({ tool }: CustomTool) => ({
          name: tool.name,
          permissions: askPermissions(tool, { level, request, config }),
        });
        const toolPermissions: ToolPermissions[] = customTools.map(permissionsOf);
        const usesDatabase = tools.some(({ name }) => name === "database");
        const database = usesDatabase ? databaseGrant(ownOf(tenant).db) : null;
        if (database !== null) toolPermissions.push(databasePermissions(database));
        return { ...context, tools, customTools, toolPermissions };
      });
    },
  };
}

/**
 * Checks that a tool can be used at a level. A closure cannot leave its process, and code of every
 * level but `none` runs in another.
 *
 * @throws {BadRequest} for a tool that is an object of this process.
 */
function assertUsable({ tool, module }: CustomTool, level: string, request: ValidRequest): void {
  if (module !== undefined || level === "none") return;
  const field = `tools[${request.tools.indexOf(tool.name)}]`;
  const message = `${field}: Tool "${tool.name}" is an object of this process, which only level "none" can use; put it into a module file`;
  throw new BadRequest(field, message);
}
