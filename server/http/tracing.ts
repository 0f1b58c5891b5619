import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import type { Context, Next } from "hono";
import { isTraced } from "../../src/base/tracing.ts";
import type { ApiEnv } from "./route.ts";

const tracer = trace.getTracer("isolate");

/** Makes a span for each request, as a child of the one in its `traceparent`, if it has one. */
export function tracedRequest(c: Context<ApiEnv>, next: Next): Promise<void> {
  if (!isTraced()) return next();
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
