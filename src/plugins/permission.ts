import { BadRequest } from "../errors.ts";
import { merge } from "../permissions/merger.ts";
import { normalize } from "../permissions/normalizer.ts";
import type { Perms } from "../permissions/perms.ts";
import { validate } from "../permissions/validator.ts";
import type { Context, IsolatePlugin } from "./plugin.ts";

/** Settles what an execution may reach, every kind of it named, and warns in strict mode. */
export const PermissionPlugin: IsolatePlugin = {
  name: "permission",
  required: ["guard", "toolset"],
  setup(api) {
    api.onLoad.tap((context) => {
      refuseGrants(context);
      const ofTools = context.toolPermissions.map((tool) => tool.permissions);
      const permissions = normalize(merge(context.request.permissions as Perms, ...ofTools));
      validate(permissions, api.config.strict);
      return { ...context, permissions };
    });
  },
};

/** Sandboxes can be granted nothing yet, and a tool would fail there for want of what it needs. */
function refuseGrants({ level, request, toolPermissions }: Context): void {
  if ((level as string) === "none") return;
  for (const { name, permissions } of toolPermissions) {
    const needed = Object.entries(normalize(permissions)).filter(([, value]) =>
      Array.isArray(value) ? value.length > 0 : value,
    );
    if (needed.length === 0) continue;
    const field = `tools[${request.tools.indexOf(name)}]`;
    const list = JSON.stringify(Object.fromEntries(needed));
    throw new BadRequest(
      field,
      `${field}: Tool "${name}" needs ${list}, which no sandbox can be granted yet`,
    );
  }
}
