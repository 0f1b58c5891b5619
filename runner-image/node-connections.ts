import { isTunnelPort, TUNNEL_START, tunnelAddress } from "../src/protocol/tunnels.ts";
import { apply, assign, isArray, NativeBytes } from "./base/primordials.ts";
import { replace } from "./base/replace.ts";
import type { Changes } from "./late-modules.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;
type PortTo = (hostname: unknown, port: unknown) => number | undefined;

/** Modules that connect by `node:net`. The first one that is loaded changes it. */
const BUILT_ON_NET = [
  ...["net", "tls", "http", "https", "http2", "_tls_wrap", "_tls_common", "_http_agent"],
  ...["_http_client", "_http_common", "_http_server", "child_process", "cluster", "inspector"],
];

/** Finds the tunnel to a target, in sandboxes that have tunnels. */
let portTo: PortTo | undefined;

/** Has sockets of `node:net` use tunnels from now on. */
export function tunnelNodeConnections(find: PortTo): void {
  portTo = find;
}

/**
 * Makes connections of `node:net` lead through the tunnel to their target, and with them what is built
 * on it: `node:tls`, `node:https` and clients of packages. Others are tried by the runtime, in vain.
 * This is no protection: user code may replace it.
 */
export function nodeConnections(process: Anything): Changes {
  const { getBuiltinModule } = process;
  let isChanged = false;
  const change = (): void => {
    if (isChanged) return;
    isChanged = true;
    const net: Anything = apply(getBuiltinModule, process, ["node:net"]);
    const { Socket, _normalizeArgs: normalize } = net;
    const { connect: original } = Socket.prototype;
    replace(Socket.prototype, {
      connect: function connect(this: unknown, ...args: unknown[]): unknown {
        if (portTo === undefined) return apply(original, this, args);
        // Arguments that are normalized already are passed on by the module's own functions.
        const first = args[0];
        const normal = isArray(first) ? first : normalize(args);
        const options = normal[0];
        const port = portTo(options.host ?? "localhost", options.port);
        if (port === undefined || options.path) return apply(original, this, args);
        const { hostname: host } = tunnelAddress(port);
        normal[0] = assign({}, options, { host, port, lookup: undefined, family: undefined });
        return apply(original, this, [normal]);
      },
    });
  };
  return Object.fromEntries(BUILT_ON_NET.map((name) => [name, change]));
}

/**
 * Makes handles of `node:net` tell a tunnel at its start that they read the target's bytes alone. Runs
 * while the runtime's own handles can be had.
 */
export function startTunnelsOfHandles(binding: (name: string) => Anything): void {
  const { TCP } = binding("tcp_wrap");
  const { WriteWrap } = binding("stream_wrap");
  const { connect: original } = TCP.prototype;
  replace(TCP.prototype, {
    connect: function connect(this: Anything, request: Anything, ...to: unknown[]): unknown {
      const [address, port] = to;
      const isTunnel =
        portTo !== undefined && address === tunnelAddress(0).hostname && isTunnelPort(Number(port));
      if (isTunnel) {
        const { oncomplete } = request;
        const { writeBuffer } = this;
        request.oncomplete = function (this: unknown, ...args: unknown[]): unknown {
          const start = new WriteWrap();
          start.oncomplete = () => {};
          const bytes = new NativeBytes(1);
          bytes[0] = TUNNEL_START.silent;
          if (args[0] === 0) apply(writeBuffer, handle, [start, bytes]);
          return apply(oncomplete, this, args);
        };
        const handle = this;
      }
      return apply(original, this, [request, ...to]);
    },
  });
}
