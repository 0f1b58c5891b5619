import type { Context } from "hono";
import { z } from "zod";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { type ApiEnv, type Route, route } from "../http/route.ts";
import type { StoreHealth } from "../store/contract/health.ts";
import type { Store } from "../store/contract/store.ts";

const pool = z.object({
  warm: z.int(),
  starting: z.int(),
  leased: z.int(),
  kept: z.int(),
});

const readiness = z.object({
  status: z.enum(["ready", "unready"]),
  version: z.string(),
  level: z.string().optional(),
  reason: z.string().optional(),
  pool: pool.optional(),
  store: z
    .literal("reserved")
    .optional()
    .meta({ description: "Nothing is kept any more, for its disk has no more room" }),
});

export interface HealthOptions {
  readonly health: Pick<StoreHealth, "up">;
  readonly store: Pick<Store, "condition">;
  /** Version of this server, which operators compare during an upgrade. */
  readonly version: string;
  /** True to answer with the status and the version alone. */
  readonly terse: boolean;
  /** Tells whether the server is about to end. Default: never. */
  readonly leaving?: (() => boolean) | undefined;
}

/** Makes both routes. They need no key. */
export function healthRoutes(kernel: Kernel, options: HealthOptions): Route[] {
  const common = { method: "GET", scope: "none", tags: ["Health"] } as const;
  return [
    route({
      ...common,
      path: "/healthz",
      summary: "Whether the process answers at all",
      operationId: "getHealth",
      responses: {
        200: { description: "It does", schema: z.object({ status: z.literal("ok") }) },
      },
      handler: ({ c }) => c.json({ status: "ok" }),
    }),
    route({
      ...common,
      path: "/readyz",
      summary: "Whether the strongest level this host has works, and the store takes writes",
      operationId: "getReadiness",
      responses: {
        200: { description: "A sandbox is warm, or at work", schema: readiness },
        503: { description: "Not so, and why", schema: readiness },
      },
      handler: ({ c }) => ready(kernel, options, c),
    }),
  ];
}

async function ready(
  kernel: Kernel,
  { health, store, version, terse, leaving }: HealthOptions,
  c: Context<ApiEnv>,
): Promise<Response> {
  // Executions can run without disk space for the store, so the server is still ready.
  const { reserved } = await store.condition();
  const isUp = reserved || (await health.up());
  const engine = kernel.engine("container") ?? kernel.engine("isolated");
  const status = engine?.status();
  const reason =
    kernel.closing || leaving?.()
      ? "The server is shutting down"
      : isUp
        ? (status?.reason ??
          (status?.warm || status?.leased ? undefined : "No sandbox is warm yet"))
        : "The store takes no writes";
  const pool = status && {
    warm: status.warm,
    starting: status.starting,
    leased: status.leased,
    kept: status.kept,
  };
  const more = {
    version,
    ...(terse ? {} : { level: engine?.level, reason, pool }),
    ...(reserved && { store: "reserved" }),
  };
  if (reason === undefined) return c.json({ status: "ready", ...more });
  return c.json({ status: "unready", ...more }, 503);
}
