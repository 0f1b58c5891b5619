import { type IsolatePlugin, Veto } from "../../src/index.ts";

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
