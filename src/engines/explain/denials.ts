import type { PermsObject } from "../../permissions/perms.ts";
import { type OperatorPolicy, plan } from "../../permissions/plan.ts";
import type { Fault } from "../../protocol/messages.ts";
import type { Denial, SandboxLevel } from "../../request/types.ts";

/** Message with which Deno refuses a Worker, with the permission that would allow it. */
const NOT_PERMITTED =
  /^Requires (env|net|read|write|run|ffi|sys|import) access to "([^"]{1,1000})"/;

/** Tells whether this host, with its ceilings and the tenant's, grants permissions. */
export type Grantable = (permissions: PermsObject) => boolean;

/** Codes of refusals for lack of a permission. The proxy's other refusals apply to everybody. */
const UNGRANTED: readonly (string | undefined)[] = ["HOST_NOT_ALLOWED", "PORT_NOT_ALLOWED"];

/** Reads from a failure which permission the code lacked. The sandbox claims it and may lie. */
export function denialOf({ name, message }: Fault): Denial | undefined {
  const [, kind, value] = (name === "NotCapable" && NOT_PERMITTED.exec(message)) || [];
  if (kind === undefined || value === undefined) return undefined;
  return { kind: kind as Denial["kind"], value, by: "worker" };
}

/**
 * Returns the permission that would allow a denied access at a level, if an operator may grant it
 * and `grantable` says that this one does. In a container, addresses that are not public have none, because a permission would not be
 * enough.
 *
 * @example
 * permissionFor({ kind: "net", value: "x.org:443", by: "worker" }, "container") // { net: ["x.org:443"] }
 * @example
 * permissionFor({ kind: "run", value: "sh", by: "worker" }, "container") // undefined
 */
export function permissionFor(
  denial: Denial,
  level: SandboxLevel,
  grantable?: Grantable,
): PermsObject | undefined {
  const { kind, value, by, code } = denial;
  if (kind === "import" || (by === "egress" && !UNGRANTED.includes(code))) return undefined;
  const requested = { [kind]: [value] };
  const { refusals } = plan({ level, requested, tools: [], operator: generousWith(value) });
  const isPossible = refusals.length === 0 && (grantable?.(requested) ?? true);
  return isPossible ? requested : undefined;
}

/**
 * Returns a policy that allows everything an operator may allow for this value, but opens no
 * private address.
 */
function generousWith(value: string): OperatorPolicy {
  return {
    mounts: { [value]: value },
    env: [value],
    wildcards: false,
    isolatedNet: true,
    strict: false,
  };
}
