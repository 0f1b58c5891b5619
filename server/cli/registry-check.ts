import { type Finding, fail, ok, warn } from "../../doctor/finding.ts";
import { messageOf } from "../../src/base/errors.ts";
import type { Config } from "../../src/config/config.ts";
import { diallingRules } from "../../src/kernel/dialling-rules.ts";
import { PACKAGE_LIMITS } from "../../src/packages/limits.ts";
import { registryAddress } from "../../src/packages/registry/address.ts";
import { Registries } from "../../src/packages/registry/registries.ts";

const ANSWER_WITHIN = 10_000;
/** Packages that are asked for. A registry without them answers, too. */
const ASKED = { npm: "npm", jsr: "@jsr/std__assert" } as const;
const CHECK = "packages";

/** Asks the registries of packages, with the token. Yields nothing without one. */
export async function* checkRegistries(config: Pick<Config, "npm" | "egress">) {
  const { registry, jsr, token } = config.npm;
  if (registry === undefined) {
    if (token === undefined && jsr === undefined) return;
    yield warn(
      CHECK,
      "There is a setting for packages, but no registry",
      "Set ISOLATE_NPM_REGISTRY",
    );
    return;
  }
  const rules = diallingRules(config);
  const limits = PACKAGE_LIMITS;
  const signal = AbortSignal.timeout(ANSWER_WITHIN);
  const set = {
    npm: { ...registryAddress(registry, rules), token, limits },
    ...(jsr && { jsr: { ...registryAddress(jsr, rules), limits } }),
  };
  const registries = new Registries(set, limits, "doctor", signal);
  try {
    yield await check(registries, "npm", new URL(registry).host);
    if (jsr !== undefined) yield await check(registries, "jsr", new URL(jsr).host);
  } finally {
    registries.close();
  }
}

async function check(registries: Registries, name: "npm" | "jsr", host: string): Promise<Finding> {
  try {
    await registries.document(name, ASKED[name]);
    return ok(CHECK, `The registry ${host} answers`);
  } catch (error) {
    const advice =
      name === "npm"
        ? "See that ISOLATE_NPM_REGISTRY and ISOLATE_NPM_TOKEN are right, and that this host reaches it"
        : "See that ISOLATE_JSR_REGISTRY is right, and that this host reaches it";
    return fail(CHECK, `The registry ${host} cannot be used: ${messageOf(error)}`, advice);
  }
}
