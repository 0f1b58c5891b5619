import type { SandboxLevel } from "../base/sandbox-level.ts";
import { formatDestination, parseAuthority } from "../destinations/host.ts";
import { covered, knownEntry, parseEntry } from "../destinations/host-entry.ts";
import type { BindingScheme } from "../protocol/egress-bindings.ts";
import { type PermissionRefusal, refuse } from "./refusal.ts";

/** A binding as a request asks for it. */
export interface RequestedBinding {
  readonly secret: string;
  readonly host: string;
  readonly header: string;
  readonly scheme: BindingScheme;
  readonly format: string;
  readonly methods?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
}

/** A binding of a plan. It has the secret's name, and not its value. Its host has a port. */
export type PlannedBinding = RequestedBinding;

const PORTS: Readonly<Record<BindingScheme, number>> = { https: 443, http: 80 };
const NO_PROXY = 'needs level "container": at this one no proxy stands between code and host';

/**
 * Grants bindings of a container whose hosts are granted. A host that is not, and a level without a
 * proxy, are refused.
 */
export function grantBindings(
  level: SandboxLevel,
  bindings: readonly RequestedBinding[],
  net: readonly string[],
  refusals: PermissionRefusal[],
): PlannedBinding[] {
  if (level !== "container" && bindings.length > 0) {
    refusals.push(refuse("bindings", level, "forbidden", NO_PROXY));
    return [];
  }
  const granted = net.map(knownEntry);
  const schemes = new Map<string, BindingScheme>();
  return bindings.flatMap((binding, index) => {
    const target = formatDestination(parseAuthority(binding.host, PORTS[binding.scheme]));
    const field = `bindings[${index}].host`;
    const entry = parseEntry(target);
    if (typeof entry === "string") {
      refusals.push(refuse(field, target, "invalid", entry));
      return [];
    }
    if (!covered(entry, granted)) {
      const reason = `needs "${target}" in permissions.net`;
      refusals.push(refuse(field, target, "forbidden", reason));
      return [];
    }
    const { scheme } = binding;
    if ((schemes.get(target) ?? scheme) !== scheme) {
      const reason = `is bound for ${schemes.get(target)} already`;
      refusals.push(refuse(`bindings[${index}].scheme`, scheme, "invalid", reason));
      return [];
    }
    schemes.set(target, scheme);
    return [{ ...binding, host: target }];
  });
}
