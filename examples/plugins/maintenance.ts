import { existsSync } from "node:fs";
import { type IsolatePlugin, Veto } from "isolate";

/** Refuses every request while `closed()` says so: a veto in `onValidate`, 403 over REST. */
export function maintenance(closed: () => boolean): IsolatePlugin {
  return {
    name: "maintenance",
    required: ["guard"],
    setup(api) {
      api.onValidate.tap(() => {
        if (closed()) throw new Veto("Closed for maintenance");
      });
    },
  };
}

/** Refuses them while a file exists. */
export default maintenance(() => existsSync(process.env.MAINTENANCE_FILE ?? "/tmp/maintenance"));
