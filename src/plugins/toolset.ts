import { BadRequest } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import {
  DATABASE_VARIABLE,
  type DatabaseConfig,
  databaseGrant,
  databasePermissions,
  withoutCredentials,
} from "../config/database.ts";
import type { ToolPermissions } from "../permissions/tool-permissions.ts";
import type { ToolUse } from "../protocol/messages.ts";
import { SOLE_TENANT } from "../request/tenant.ts";
import type { SandboxLevel, ValidRequest } from "../request/types.ts";
import { resolveTools } from "../tools/registry.ts";
import type { CustomTool, Tool, ToolContext } from "../tools/tool.ts";
import { toolPermissions as askPermissions } from "../tools/tool-permissions.ts";
import { build, registry, setup } from "../tools/toolbox.ts";
import { assertNamesApart } from "./assert-callable.ts";
import type { IsolatePlugin } from "./plugin.ts";
import { tenantResources } from "./tenant-resources.ts";

/**
 * Resolves the names of tools, including registered ones, and asks those for the permissions they
 * need. Offers the tools to other plugins as `onToolset`.
 */
export const ToolsetPlugin: IsolatePlugin = {
  name: "toolset",
  required: ["guard"],
  setup(api) {
    const { config, host } = api;
    const { tools: registered = [], schemas } = host;
    const ownOf = tenantResources(config);
    const withSchemas = (use: ToolUse): ToolUse =>
      use.name === "database" && schemas?.text !== undefined
        ? { ...use, module: schemas.text }
        : use;
    const resolve = (names: readonly string[], level?: SandboxLevel, tenant = SOLE_TENANT) => {
      const { db } = ownOf(tenant);
      return resolveTools(names, { ...config, db }, registered, level).map(withSchemas);
    };
    const tools = (): Tool[] => [...build(config), ...registered.map(({ tool }) => tool)];
    api.onToolset.tap(() => ({ tools, registry: () => registry(tools()), setup, resolve }));
    api.onLoad.tap((context) => {
      const { request, level, tenant } = context;
      assertNamesApart(request);
      const uses = resolve(request.tools, level, tenant);
      const customTools = uses.flatMap(
        ({ name }) => registered.find(({ tool }) => tool.name === name) ?? [],
      );
      for (const custom of customTools) assertUsable(custom, level, request);
      const own = ownOf(tenant);
      const permissionsOf = ({ tool }: CustomTool) => ({
        name: tool.name,
        permissions: askPermissions(tool, { level, request, config: shownTo(config, own.db) }),
      });
      const toolPermissions: ToolPermissions[] = customTools.map(permissionsOf);
      const usesDatabase = uses.some(({ name }) => name === "database");
      const database = usesDatabase ? databaseGrant(own.db) : null;
      if (database !== null) toolPermissions.push(databasePermissions(database));
      return { ...context, tools: uses, customTools, toolPermissions };
    });
  },
};

/** Returns the settings for the functions of tools: they see where the database is, not its password. */
function shownTo(config: Config, { url, ...db }: DatabaseConfig): ToolContext["config"] {
  if (url === undefined) return { ...config, db };
  const bare = withoutCredentials(url);
  return { ...config, db: { ...db, url: bare }, [DATABASE_VARIABLE]: bare };
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
