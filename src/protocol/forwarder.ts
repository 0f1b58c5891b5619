/** Address of the egress proxy inside a sandbox; runner-image/forwarder.ts listens there. */
export const FORWARDER = { hostname: "127.0.0.1", port: 3128 } as const;
