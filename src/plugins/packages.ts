import { PackageService } from "./package-service.ts";
import type { IsolatePlugin } from "./plugin.ts";

/**
 * Finds the packages that an execution names. `Kernel.execute()` brings them to its code. Requests without
 * packages pass at once.
 */
export const PackagesPlugin: IsolatePlugin = {
  name: "packages",
  required: ["guard"],
  setup(api) {
    const packages = api.host.packages ?? PackageService.none();
    api.onLoad.tap((context) => {
      const { request, tenant, typeCall, deployed } = context;
      // Deployed code has its packages in it.
      if (typeCall || deployed || !packages.mayUse(request)) return;
      return packages
        .use(request, tenant)
        .then((use) => (use === undefined ? undefined : { ...context, packages: use }));
    });
  },
};
