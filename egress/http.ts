import type { Socket } from "node:net";
import { hangUp } from "../src/base/hang-up.ts";
import { formatHost } from "../src/destinations/host.ts";
import { Refusal, refusalResponse, type Subject } from "../src/destinations/refusal.ts";
import { quotable } from "../src/protocol/subject-text.ts";
import type { BoundHost } from "./bindings.ts";
import { serveBoundTunnel } from "./bound-tunnel.ts";
import { exchange } from "./exchange.ts";
import type { RequestHead } from "./head.ts";
import type { ProxiedRun } from "./proxied-run.ts";
import { readRequest } from "./read-request.ts";
import { readTarget, type Target } from "./request-target.ts";
import type { ExchangeRequest } from "./rewrite.ts";
import type { Tunnel } from "./tunnel.ts";

const ESTABLISHED = "HTTP/1.1 200 Connection Established\r\n\r\n";

/**
 * Serves one HTTP proxy request, `CONNECT` or with an absolute URL, and no second one. `opening`
 * holds the bytes received so far, and `deadline` is the time limit of the head. Does not throw.
 */
export async function serveHttp(
  client: Socket,
  opening: Buffer,
  run: ProxiedRun,
  deadline: number,
): Promise<void> {
  let subject: Subject = { host: "", port: 0 };
  let tunnel: Tunnel | undefined;
  try {
    const { request, rest } = await readFirst(client, opening, run, deadline);
    subject = { host: quotable(request.target), port: 0 };
    const target = noting(run, subject, () => readTarget(request));
    const { host, port } = target.destination;
    subject = { host: formatHost(host), port };
    tunnel = await run.open(target.destination, client);
    await carry(run, tunnel, request, target, rest);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("INTERNAL", "The proxy failed");
    // Other refusals of this kind precede the tunnel, which records its own end.
    if (refusal.code.startsWith("BINDING_")) run.decisions.deny(subject, refusal);
    tunnel?.end(refusal.code);
    // A client whose TLS ends here gets the refusal within it.
    const reached = tunnel?.client ?? client;
    if (!reached.destroyed) hangUp(reached, refusalResponse(refusal, subject));
  }
}

async function readFirst(client: Socket, opening: Buffer, run: ProxiedRun, deadline: number) {
  try {
    return await readRequest(client, opening, deadline);
  } catch (error) {
    // A client that has gone was denied nothing.
    if (!client.destroyed) run.decisions.deny({ host: "", port: 0 }, error as Refusal);
    throw error;
  }
}

async function carry(
  run: ProxiedRun,
  tunnel: Tunnel,
  request: RequestHead,
  target: Target,
  rest: Buffer,
) {
  if (tunnel.client.destroyed) throw tunnel.reason();
  const bound = run.bindings.at(target.destination);
  if (target.kind === "exchange") {
    const asked = { ...request, ...target };
    const sent = bound === undefined ? asked : bindPlain(bound, asked);
    await exchange(tunnel, await tunnel.dial(), sent, rest);
    return;
  }
  const { client } = tunnel;
  if (bound === undefined) {
    const upstream = await tunnel.dial();
    client.write(ESTABLISHED);
    tunnel.answered();
    tunnel.splice(upstream, rest);
    return;
  }
  const options = run.boundTunnel(tunnel, bound, target.destination);
  await serveBoundTunnel(options, rest, () => client.write(ESTABLISHED));
}

function bindPlain(bound: BoundHost, request: ExchangeRequest): ExchangeRequest {
  if (bound.scheme === "http") return bound.bind(request);
  throw new Refusal("BINDING_PROTOCOL", "The binding of this host is for https alone");
}

function noting<T>(run: ProxiedRun, subject: Subject, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) run.decisions.deny(subject, error);
    throw error;
  }
}
