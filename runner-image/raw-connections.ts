import { tunnelAddress } from "../src/protocol/tunnels.ts";
import {
  characters,
  indexOfText,
  lowerCase,
  mapGet,
  NativeBytes,
  startsWith,
} from "./base/primordials.ts";

const { connectTls, startTls, errors } = Deno;
const { ConnectionRefused, NotSupported } = errors;

type Options = Deno.ConnectOptions & Deno.ConnectTlsOptions & Partial<Deno.TlsCertifiedKeyPem>;

/**
 * Has `Deno.connect` and `Deno.connectTls` take the tunnels to the targets there are. Everything
 * else is the runtime's to refuse: neither this nor what user code makes of it is a protection.
 */
export function tunnelConnections(tunnels: ReadonlyMap<string, number>): void {
  // Not the runtime's own, which takes sockets that end the process: see vsock.ts.
  const { connect } = Deno;
  /** The port of the tunnel to a target, if there is one. */
  function portTo(options: Options | undefined): number | undefined {
    if (options === undefined || options === null) return undefined;
    const { hostname = "127.0.0.1", port, transport = "tcp" } = options;
    if (typeof hostname !== "string" || transport !== "tcp") return undefined;
    return mapGet(tunnels, `${spelled(hostname)}:${port}`);
  }
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

/** A host as the list of targets has it: in lower case, an IPv6 address in brackets. */
function spelled(hostname: string): string {
  const host = lowerCase(hostname);
  return startsWith(host, "[") || indexOfText(host, ":") < 0 ? host : `[${host}]`;
}

const connectLoopback = Deno.connect;

/** A connection through a tunnel, once the proxy has let it through. */
async function open(tunnel: number, { hostname, port, signal }: Options): Promise<Deno.TcpConn> {
  const connection = await connectLoopback({ ...tunnelAddress(tunnel), ...(signal && { signal }) });
  const stop = (): void => connection.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
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

/** The code a tunnel's client is refused with: see runner-image/tunnels.ts. */
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
