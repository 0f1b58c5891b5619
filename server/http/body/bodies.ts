import type { Caller } from "../../tenants/auth.ts";
import { NO_LIMITS } from "../../tenants/limits.ts";
import { JsonThread } from "../json-thread/json-thread.ts";
import { AnonymousBodies } from "./anonymous-bodies.ts";
import { readBytes, readJson } from "./body.ts";
import { BodyBudget, type BodyShare, type Hold } from "./budget.ts";
import type { PaceLimits } from "./pace.ts";
import type { BodySource } from "./source.ts";

/**
 * Number of bodies of the largest size that fit into memory at once. More fit if they are smaller.
 */
const BODIES_AT_ONCE = 16;
/** Number for callers without a key, beside those. */
const ANONYMOUS_AT_ONCE = 8;

export interface Whose {
  /** Caller whose limits apply; absent for a body of no tenant. */
  readonly caller?: Caller | undefined;
  /** True if the sender has no key and calls a function of the caller's. */
  readonly isAnonymous?: boolean;
}

/** Reads a request's body and keeps it in memory until `work` has ended. */
export type With<B> = <T>(
  source: BodySource,
  work: (body: B, hold: Hold) => Promise<T>,
  whose: Whose,
) => Promise<T>;

export interface Bodies {
  /** Reads JSON. In large bodies, `input` is a `JsonText`. */
  readonly withBody: With<unknown>;
  readonly withBytes: With<Uint8Array>;
}

/** Creates the readers for the bodies of all routes. A body has at most `maxBody` bytes. */
export function bodies(maxBody: number, pace?: PaceLimits): Bodies {
  const keyed = new BodyBudget(maxBody * BODIES_AT_ONCE);
  const anonymous = new BodyBudget(maxBody * ANONYMOUS_AT_ONCE);
  const arrivals = new AnonymousBodies();
  const thread = new JsonThread();
  const limitOf = ({ caller }: Whose): number =>
    Math.min(caller?.limits.bodyBytes ?? maxBody, maxBody);
  return {
    withBody: (source, work, whose) =>
      keyed.share(async (share) => {
        const owner = whose.caller?.tenant.id ?? "";
        const options = { maxBytes: limitOf(whose), share, pace, thread, owner };
        return work(await readJson(source, options), share.hold);
      }, bodyOwner(whose.caller)),
    withBytes: (source, work, whose) => {
      const read = (share: BodyShare): Promise<Uint8Array> =>
        readBytes(source, { maxBytes: limitOf(whose), share, pace });
      if (!whose.isAnonymous) {
        const keyedWork = async (share: BodyShare) => work(await read(share), share.hold);
        return keyed.share(keyedWork, bodyOwner(whose.caller));
      }
      const address = source.connection?.incoming?.socket.remoteAddress ?? "";
      const tenant = whose.caller?.tenant.id;
      return anonymous.share(async (share) => {
        const body = await arrivals.during(address, tenant ?? "", () => read(share));
        return work(body, share.hold);
      }, tenant);
    },
  };
}

/** Returns the owner whose share of the body budget a caller's bodies use. */
export function bodyOwner(caller: Caller | undefined): string | undefined {
  return caller?.limits === NO_LIMITS ? undefined : caller?.tenant.id;
}
