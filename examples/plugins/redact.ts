import type { IsolatePlugin } from "../../src/index.ts";

/** Takes a secret out of every log message: another output in `onFormat`. */
export function redact(secret: string): IsolatePlugin {
  return {
    name: "redact",
    required: ["logger"],
    setup(api) {
      api.onFormat.tap((output) => {
        if (output.logs === undefined) return;
        const logs = output.logs.map((entry) => ({
          ...entry,
          message: entry.message.replaceAll(secret, "***"),
        }));
        return { ...output, logs };
      });
    },
  };
}
