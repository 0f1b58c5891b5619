import { type Attributes, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

/** Spans go to whatever provider the process has; without one they cost next to nothing. */
const tracer = trace.getTracer("isolate");

/**
 * Does `work` in a span of its own, below the one that is open. A rejection marks it as failed, by the
 * error's code and without its message, which may quote what is a tenant's.
 */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
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
