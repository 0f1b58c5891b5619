import type { Sandbox } from "../contract/contract.ts";
import type { KeptSandboxes } from "./kept-sandboxes.ts";
import type { WarmGroup } from "./warm-group.ts";

const PONG_WITHIN = 2_000;

/** Pings all idle sandboxes. One that does not answer is removed and passed to `onSick`. */
export function checkHealth(
  groups: Iterable<WarmGroup>,
  kept: KeptSandboxes,
  onSick: (sandbox: Sandbox, error: unknown) => void,
): void {
  const check = (sandbox: Sandbox, take: (sandbox: Sandbox) => boolean): void => {
    sandbox.ping(PONG_WITHIN).catch((error: unknown) => {
      if (take(sandbox)) onSick(sandbox, error);
    });
  };
  for (const group of groups) {
    for (const { sandbox } of group.warm) check(sandbox, (sick) => group.take(sick));
  }
  for (const sandbox of kept.all()) check(sandbox, (sick) => kept.remove(sick));
}
