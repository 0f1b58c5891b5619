import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import type { Context, Next } from "hono";
import type { ApiEnv } from "./route.ts";

/** Milliseconds that spans get to be sent, at the end of the server as well. */
const SEND_WITHIN = 5_000;

export interface TracingOptions {
  /** An OTLP receiver's URL, to which `/v1/traces` is added. */
  readonly endpoint: string;
  /** What the spans are said to be of. */
  readonly service: string;
  /** Of each request that sends spans: usually a secret. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * Has this process send its spans, and returns what sends the last of them. The programs for that are
 * loaded here, so that nobody else waits for them.
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
    // A receiver that is away is no reason to stay.
    await provider.shutdown().catch(() => {});
  };
}

const tracer = trace.getTracer("isolate");

/** A span for each request, below the one its `traceparent` names, if it brings one. */
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
