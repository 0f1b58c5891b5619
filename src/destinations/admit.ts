import { clearTimeout, setTimeout } from "node:timers";
import { LookupError } from "../dns/lookup-error.ts";
import type { Asker, Lookup } from "../dns/resolve.ts";
import type { AddressClass, Classifier } from "./address-class.ts";
import type { Allowlist } from "./allowlist.ts";
import { type Destination, formatDestination } from "./host.ts";
import { Refusal } from "./refusal.ts";

/** Operator's settings for all runs. No request and no policy changes them. */
export interface OperatorRules {
  readonly lookup: Lookup;
  readonly classify: Classifier;
  /** Destinations, each as `host:port`, whose private addresses may be dialled. */
  readonly privateDestinations: ReadonlySet<string>;
}

/**
 * An address that passed every check. Only `admit` creates one, and `dial` accepts nothing else. So
 * no name is resolved again before it is dialled.
 */
export class CheckedAddress {
  readonly port: number;
  /** Private, so that no other object can pass for one of these. */
  readonly #ip: string;

  private constructor(ip: string, port: number) {
    this.#ip = ip;
    this.port = port;
  }

  get ip(): string {
    return this.#ip;
  }

  /** @throws {Refusal} if the address may not be dialled. */
  static check(ip: string, destination: Destination, operatorRules: OperatorRules): CheckedAddress {
    const verdict = operatorRules.classify(ip);
    if (!mayDial(verdict, destination, operatorRules)) throw refusalFor(verdict, destination, ip);
    return new CheckedAddress(ip, destination.port);
  }
}

/**
 * Checks a destination against a run's allowlist.
 *
 * @throws {Refusal}
 */
export function checkAllowed(destination: Destination, allowlist: Allowlist): void {
  const verdict = allowlist.verdict(destination);
  if (verdict === "allowed") return;
  const text = formatDestination(destination);
  if (verdict === "port-not-allowed") {
    throw new Refusal("PORT_NOT_ALLOWED", `This port of the host is not allowed: ${text}`);
  }
  throw new Refusal("HOST_NOT_ALLOWED", `This host is not allowed: ${text}`);
}

/**
 * Resolves an allowed destination once and checks every address of the answer. One refused address
 * refuses the whole answer, because an honest answer does not mix the two. Returns at least one
 * address.
 *
 * @throws {Refusal}
 */
export async function admit(
  destination: Destination,
  operatorRules: OperatorRules,
  asker: Asker,
  timeoutMs: number,
): Promise<[CheckedAddress, ...CheckedAddress[]]> {
  const answer = await resolveWithin(destination, operatorRules.lookup, asker, timeoutMs);
  const [first, ...others] = answer.map((ip) =>
    CheckedAddress.check(ip, destination, operatorRules),
  );
  if (first === undefined) throw new Refusal("RESOLVE_FAILED", "The name has no address");
  return [first, ...others];
}

/**
 * Resolves within `timeoutMs` of its turn. A look-up in progress is then cancelled. The wait for a
 * turn is for the asker's own other look-ups, and ends with its signal.
 */
async function resolveWithin(
  { host }: Destination,
  lookup: Lookup,
  asker: Asker,
  timeoutMs: number,
): Promise<readonly string[]> {
  if (host.kind === "address") return [host.address];
  const stop = new AbortController();
  const giveUp = (): void => stop.abort(new Refusal("UPSTREAM_FAILED", "Nobody waits for it"));
  const tooLate = (): void =>
    stop.abort(new Refusal("RESOLVE_TIMEOUT", "The name was not resolved in time"));
  let timer: NodeJS.Timeout | undefined;
  const onTurn = (): void => {
    timer = setTimeout(tooLate, timeoutMs);
  };
  asker.signal.addEventListener("abort", giveUp);
  if (asker.signal.aborted) giveUp();
  try {
    return await lookup(host.name, { ...asker, signal: stop.signal, onTurn });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof LookupError) throw new Refusal(error.code, error.message);
    throw new Refusal("RESOLVE_FAILED", "The name could not be resolved");
  } finally {
    clearTimeout(timer);
    asker.signal.removeEventListener("abort", giveUp);
  }
}

function mayDial(
  verdict: AddressClass,
  destination: Destination,
  operatorRules: OperatorRules,
): boolean {
  if (verdict === "public") return true;
  return (
    verdict === "private" && operatorRules.privateDestinations.has(formatDestination(destination))
  );
}

function refusalFor(verdict: AddressClass, destination: Destination, ip: string): Refusal {
  const text = formatDestination(destination);
  if (verdict === "metadata") {
    return new Refusal("METADATA_ADDRESS", `This leads to a cloud's metadata service: ${text}`, ip);
  }
  return new Refusal("ADDRESS_NOT_ALLOWED", `This leads to no public address: ${text}`, ip);
}
