import {
  type Attributes,
  INVALID_SPAN_CONTEXT,
  ProxyTracerProvider,
  type Span,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

const NAME = "isolate";
/** Sends spans to the provider that the process has. */
const tracer = trace.getTracer(NAME);
/** Span that nobody receives. */
const NOBODYS: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Tells whether the process has a provider by now. Without one, spans are not even made. */
export function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  if (!(provider instanceof ProxyTracerProvider)) return true;
  return provider.getDelegateTracer(NAME) !== undefined;
}

/**
 * Runs `work` in a new span below the active one. A rejection marks the span as failed, with the
 * error's code. Its message is left out, because it may quote a tenant's data.
 */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  if (!isTraced()) return work(NOBODYS);
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: labelOf(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

function labelOf(thrown: unknown): string {
  const { code, name } = (thrown ?? {}) as { code?: unknown; name?: unknown };
  return String(code ?? name ?? typeof thrown);
}
