/** Address of the egress proxy inside a sandbox; runner-image/forwarder.ts listens there. */
export const FORWARDER = { hostname: "127.0.0.1", port: 3128 } as const;

/** Tells the worker why the proxy has refused a tunnel. It is for the texts of errors alone. */
export interface RefusedMessage {
  readonly type: "refused";
  /** Target as `host:port`. */
  readonly target: string;
  /** Code of the proxy's refusal. */
  readonly code: string;
  /** The system's reason, such as `ECONNREFUSED`, if the proxy tells it. */
  readonly reason?: string | undefined;
}
