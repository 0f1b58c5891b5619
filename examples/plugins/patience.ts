import type { IsolatePlugin } from "isolate/types";

/** Gives every execution `ms` milliseconds, or as many as its tenant may have: another context in `onLoad`. */
export function patience(ms: number): IsolatePlugin {
  return {
    name: "patience",
    required: ["guard"],
    setup(api) {
      api.onLoad.tap((context) => {
        const { request, tenant } = context;
        const most = Math.min(tenant.maxTimeout ?? Infinity, api.config.maxTimeout);
        const timeout = Math.max(request.timeout, Math.min(ms, most));
        return { ...context, request: { ...request, timeout } };
      });
    },
  };
}

export default patience(Number(process.env.LEAST_TIMEOUT ?? 5_000));
