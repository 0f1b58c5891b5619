import { isDeepStrictEqual } from "node:util";
import type { ShownSettings } from "./secret-settings.ts";

/** Names of settings that a change of a tenant has changed. */
export interface ChangedSettings {
  /** Settings that differ now; variables as `env.NAME`, whose values are not compared. */
  readonly changed: readonly string[];
  /** Settings that are back at their defaults, because the request did not state them. */
  readonly reset: readonly string[];
}

/** Secret settings that a request states: names of variables, and whether a database. */
export interface StatedSecrets {
  readonly env: readonly string[];
  readonly database: boolean;
}

/** Compares settings. `stated` are the fields of the request, `secrets` what it states of those. */
export function changedSettings(
  before: ShownSettings | undefined,
  after: ShownSettings,
  stated: object,
  secrets: StatedSecrets,
): ChangedSettings {
  const open = (settings: ShownSettings | undefined): Map<string, unknown> => {
    const { env: _names, database: _has, ...rest } = settings ?? {};
    return new Map(Object.entries(rest).filter(([, value]) => value !== undefined));
  };
  const [old, now] = [open(before), open(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  const differing = names.filter((name) => !isDeepStrictEqual(old.get(name), now.get(name)));
  const variables = [...new Set(secrets.env)].sort().map((name) => `env.${name}`);
  return {
    changed: [...differing, ...variables, ...(secrets.database ? ["database"] : [])],
    reset: differing.filter((name) => old.has(name) && !Object.hasOwn(stated, name)),
  };
}
