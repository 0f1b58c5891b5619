import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import type { Context, Next } from "hono";
import type { ApiEnv } from "./route.ts";

/** Milliseconds for sending spans, also at the end of the server. */
const SEND_WITHIN = 5_000;

export interface TracingOptions {
  /** URL of an OTLP receiver, to which `/v1/traces` is added. */
  readonly endpoint: string;
  /** Name of the service in the spans. */
  readonly service: string;
  /** Headers of each request that sends spans, usually with a secret. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes this process send its spans, and returns a function that sends the last ones. The packages
 * are loaded here, so that servers without tracing need not load them.
 */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const [{ OTLPTraceExporter }, { resourceFromAttributes }, sdk] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/sdk-trace-node"),
  ]);
  const url = `${options.endpoint.replace(/\/+$/, "")}/v1/traces`;
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: SEND_WITHIN,
    headers: { ...options.headers },
  });
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": options.service }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter)],
  });
  provider.register();
  return async () => {
    // An unreachable receiver must not delay the end.
    await provider.shutdown().catch(() => {});
  };
}

const tracer = trace.getTracer("isolate");

/** Makes a span for each request, as a child of the one in its `traceparent`, if it has one. */
export function tracedRequest(c: Context<ApiEnv>, next: Next): Promise<void> {
  const { method } = c.req;
  const caller = propagation.extract(ROOT_CONTEXT, c.req.raw.headers, {
    get: (headers, name) => headers.get(name) ?? undefined,
    keys: (headers) => [...headers.keys()],
  });
  return context.with(caller, () =>
    tracer.startActiveSpan(method, { kind: SpanKind.SERVER }, async (span) => {
      try {
        await next();
      } finally {
        const { route = "none", requestId } = c.var;
        span.updateName(`${method} ${route}`);
        span.setAttributes({
          "http.request.method": method,
          "http.route": route,
          "http.response.status_code": c.res.status,
          "isolate.request_id": requestId,
        });
        span.end();
      }
    }),
  );
}
