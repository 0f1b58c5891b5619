import { normalize } from "../permissions/normalizer.ts";
import type { Perms } from "../permissions/perms.ts";
import { validate } from "../permissions/validator.ts";
import type { IsolatePlugin } from "./plugin.ts";

/** Settles what an execution may reach, every kind of it named, and warns in strict mode. */
export const PermissionPlugin: IsolatePlugin = {
  name: "permission",
  required: ["guard", "toolset"],
  setup(api) {
    api.onLoad.tap((context) => {
      const permissions = normalize(context.request.permissions as Perms);
      validate(permissions, api.config.strict);
      return { ...context, permissions };
    });
  },
};
