import { connect, type Socket } from "node:net";
import type { CheckedAddress } from "../src/destinations/admit.ts";
import { Refusal } from "../src/destinations/refusal.ts";

/** Receives every socket when it is created, so that the end of the run can close it. */
export type Track = (socket: Socket) => void;

/** A connection to the outside, and the address that accepted it. */
export interface Dialled {
  readonly socket: Socket;
  readonly address: string;
}

/** Most addresses of a name that are tried. */
const MAX_TRIES = 4;
/** Matches the codes of the system's errors. They become part of a head. */
const CODE = /^E[A-Z0-9]{1,20}$/;

/**
 * Connects to the first address that answers, within `timeoutMs` for all of them.
 *
 * @throws {Refusal} `DIAL_FAILED` or `DIAL_TIMEOUT`.
 */
export async function dial(
  addresses: readonly CheckedAddress[],
  track: Track,
  timeoutMs: number,
): Promise<Dialled> {
  const tooLate = AbortSignal.timeout(timeoutMs);
  let reason: string | undefined;
  for (const address of addresses.slice(0, MAX_TRIES)) {
    const { socket, fault } = await dialOne(address, track, tooLate);
    if (socket !== undefined) return { socket, address: address.ip };
    reason = fault;
  }
  if (tooLate.aborted) throw new Refusal("DIAL_TIMEOUT", "The host did not answer in time");
  throw new Refusal("DIAL_FAILED", "The host could not be connected to", undefined, reason);
}

/** A connected socket, or the system's code of its failure. */
interface Attempt {
  readonly socket?: Socket;
  readonly fault?: string | undefined;
}

async function dialOne(
  { ip, port }: CheckedAddress,
  track: Track,
  tooLate: AbortSignal,
): Promise<Attempt> {
  if (tooLate.aborted) return {};
  // An address and not a name, so that no resolver is asked again.
  const socket = connect({ host: ip, port, allowHalfOpen: true, noDelay: true });
  let fault: string | undefined;
  socket.once("error", ({ code }: NodeJS.ErrnoException) => {
    if (code !== undefined && CODE.test(code)) fault = code;
  });
  track(socket);
  const giveUp = () => socket.destroy();
  tooLate.addEventListener("abort", giveUp);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("close", () => resolve(false));
  });
  tooLate.removeEventListener("abort", giveUp);
  return connected ? { socket } : { fault };
}
