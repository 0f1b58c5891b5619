import { TUNNEL_START, tunnelAddress } from "../src/protocol/tunnels.ts";
import {
  characters,
  indexOfText,
  lowerCase,
  mapGet,
  NativeBytes,
  startsWith,
} from "./base/primordials.ts";
import { tunnelNodeConnections } from "./node-connections.ts";

const { connectTls, startTls, errors } = Deno;
const { ConnectionRefused, NotSupported } = errors;

type Options = Deno.ConnectOptions & Deno.ConnectTlsOptions & Partial<Deno.TlsCertifiedKeyPem>;

/**
 * Makes `Deno.connect` and `Deno.connectTls` use the tunnels for their targets. Other calls go to
 * the runtime, which refuses them. This is no protection: user code may replace it.
 */
export function tunnelConnections(tunnels: ReadonlyMap<string, number>): void {
  // The guarded function of vsock.ts. The runtime's own one accepts sockets that end the process.
  const { connect } = Deno;
  /** Returns the port of the tunnel to a target, if there is one. */
  function portTo(options: Options | undefined): number | undefined {
    if (options === undefined || options === null) return undefined;
    const { hostname = "127.0.0.1", port, transport = "tcp" } = options;
    return transport === "tcp" ? find(hostname, port) : undefined;
  }
  const find = (hostname: unknown, port: unknown): number | undefined =>
    typeof hostname === "string" ? mapGet(tunnels, `${spelled(hostname)}:${port}`) : undefined;
  tunnelNodeConnections(find);
  Object.assign(Deno, {
    async connect(options: Options): Promise<Deno.TcpConn> {
      const port = portTo(options);
      return port === undefined ? await connect(options) : await open(port, options);
    },
    async connectTls(options: Options): Promise<Deno.TlsConn> {
      const port = portTo(options);
      if (port === undefined) return await connectTls(options);
      if (options.cert !== undefined || options.key !== undefined) {
        throw new NotSupported("A sandbox makes no TLS connections with a certificate of its own");
      }
      return await startTls(await open(port, options), options);
    },
  });
}

/** Spells a host as in the list of targets: lower case, an IPv6 address in brackets. */
function spelled(hostname: string): string {
  const host = lowerCase(hostname);
  return startsWith(host, "[") || indexOfText(host, ":") < 0 ? host : `[${host}]`;
}

const connectLoopback = Deno.connect;

/** Opens a connection through a tunnel. Resolves once the proxy has allowed it. */
async function open(tunnel: number, { hostname, port, signal }: Options): Promise<Deno.TcpConn> {
  const connection = await connectLoopback({ ...tunnelAddress(tunnel), ...(signal && { signal }) });
  const stop = (): void => connection.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const start = new NativeBytes(1);
    start[0] = TUNNEL_START.told;
    await connection.write(start);
    const refusal = await readRefusal(connection);
    if (refusal === undefined) return connection;
    connection.close();
    throw new ConnectionRefused(`The egress proxy refused ${hostname}:${port}: ${refusal}`);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** Reads the code of a refusal from a tunnel: see runner-image/tunnels.ts. */
async function readRefusal(connection: Deno.TcpConn): Promise<string | undefined> {
  const length = new NativeBytes(1);
  if ((await connection.read(length)) === null) return "UPSTREAM_FAILED";
  if (length[0] === 0) return undefined;
  let text = "";
  while (text.length < (length[0] ?? 0)) {
    const code = new NativeBytes(1);
    if ((await connection.read(code)) === null) break;
    text += characters(code[0] ?? 0);
  }
  return text;
}
