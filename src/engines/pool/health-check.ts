import type { Sandbox } from "../contract/contract.ts";

const PONG_WITHIN = 2_000;

/** Idle sandboxes, and the way to remove one; false if it is no longer idle. */
interface IdleSandboxes {
  readonly idle: readonly Sandbox[];
  take(sandbox: Sandbox): boolean;
}

/** Pings idle sandboxes. One that does not answer is removed and passed to `onSick`. */
export function checkHealth(
  { idle, take }: IdleSandboxes,
  onSick: (sandbox: Sandbox, error: unknown) => void,
): void {
  for (const sandbox of idle) {
    sandbox.ping(PONG_WITHIN).catch((error: unknown) => {
      if (take(sandbox)) onSick(sandbox, error);
    });
  }
}
