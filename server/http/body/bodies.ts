import type { Caller } from "../../tenants/auth.ts";
import { NO_LIMITS } from "../../tenants/limits.ts";
import { JsonThread } from "../json-thread/json-thread.ts";
import { AnonymousBodies } from "./anonymous-bodies.ts";
import { readBytes, readJson } from "./body.ts";
import { BodyBudget, type BodyShare, type Hold } from "./budget.ts";
import type { PaceLimits } from "./pace.ts";
import type { BodySource } from "./source.ts";

/** Bodies of the largest size that are in memory at once; of smaller ones, more. */
const BODIES_AT_ONCE = 16;
/** As many of callers without a key, beside those. */
const ANONYMOUS_AT_ONCE = 8;

export interface Whose {
  /** Within the limits of this one; absent for no tenant's. */
  readonly caller?: Caller | undefined;
  /** Whether it is sent by somebody without a key, to a function of the caller's. */
  readonly isAnonymous?: boolean;
}

/** Reads a request's body and holds it for as long as `work` takes. */
export type With<B> = <T>(
  source: BodySource,
  work: (body: B, hold: Hold) => Promise<T>,
  whose: Whose,
) => Promise<T>;

export interface Bodies {
  /** As JSON; large ones have their `input` as `JsonText`. */
  readonly withBody: With<unknown>;
  readonly withBytes: With<Uint8Array>;
}

/** The bodies of all routes together, each of `maxBody` bytes at most. */
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

/** Whose share of what all bodies may take a body of this caller's is. */
export function bodyOwner(caller: Caller | undefined): string | undefined {
  return caller?.limits === NO_LIMITS ? undefined : caller?.tenant.id;
}
