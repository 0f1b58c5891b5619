import { BadRequest } from "../../src/base/errors.ts";
import type { OperatorRules } from "../../src/destinations/admit.ts";
import {
  type Destination,
  formatDestination,
  HostError,
  parseHost,
} from "../../src/destinations/host.ts";

const MAX_LENGTH = 2_048;

/** Target of a callback, in the form that is dialled. */
export interface CallbackTarget {
  readonly url: URL;
  readonly destination: Destination;
}

/**
 * Reads a URL that this server posts to. Accepts `https:`, and any HTTP URL whose `host:port` is one of the
 * operator's private destinations. The addresses of its name are checked when it is dialled.
 *
 * @throws {BadRequest} For any other URL.
 */
export function callbackTarget(
  text: string,
  operatorRules: OperatorRules,
  field = "callback",
): CallbackTarget {
  const bad = (message: string): BadRequest => new BadRequest(field, `${field}: ${message}`);
  if (text.length > MAX_LENGTH) throw bad(`Longer than ${MAX_LENGTH} characters`);
  if (!URL.canParse(text)) throw bad("Not a URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw bad("Use https");
  if (url.username !== "" || url.password !== "") throw bad("Holds a user name or a password");
  url.hash = "";
  const destination = destinationOf(url, bad);
  if (
    url.protocol === "http:" &&
    !operatorRules.privateDestinations.has(formatDestination(destination))
  ) {
    throw bad("Use https; plain http is for destinations in ISOLATE_EGRESS_PRIVATE");
  }
  return { url, destination };
}

/** Reads the destination as parsed by `URL`, because that one is dialled. */
function destinationOf(url: URL, bad: (message: string) => BadRequest): Destination {
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  try {
    return { host: parseHost(url.hostname), port };
  } catch (error) {
    if (error instanceof HostError) throw bad(error.message);
    throw error;
  }
}
