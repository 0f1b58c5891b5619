import { type Attributes, type Span, SpanStatusCode, trace } from "@opentelemetry/api";

/**
 * Sends spans to the provider that the process has. Without a provider, they cost almost nothing.
 */
const tracer = trace.getTracer("isolate");

/**
 * Runs `work` in a new span below the active one. A rejection marks the span as failed, with the
 * error's code. Its message is left out, because it may quote a tenant's data.
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
