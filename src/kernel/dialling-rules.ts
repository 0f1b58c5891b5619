import type { Config } from "../config/config.ts";
import { classify } from "../destinations/address-class.ts";
import type { OperatorRules } from "../destinations/admit.ts";
import { sparingHost } from "../destinations/host-addresses.ts";
import { readOperatorRules } from "../destinations/operator-rules.ts";
import { Lookups } from "../dns/lookups.ts";
import { nameServerResolver } from "../dns/resolve.ts";

/** Returns the rules for addresses that this process itself dials: of callbacks and of registries. */
export function diallingRules({ egress }: Pick<Config, "egress">): OperatorRules {
  const { lookup } = new Lookups(nameServerResolver());
  return readOperatorRules({ ...egress, lookup, classify: sparingHost(classify) });
}
