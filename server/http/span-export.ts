/** Export of spans, in a module of its own: servers without tracing do not load its packages. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

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

/** Makes this process send its spans, and returns a function that sends the last ones. */
export function startTracing(options: TracingOptions): () => Promise<void> {
  const url = `${options.endpoint.replace(/\/+$/, "")}/v1/traces`;
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: SEND_WITHIN,
    headers: { ...options.headers },
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": options.service }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return async () => {
    // An unreachable receiver must not delay the end.
    await provider.shutdown().catch(() => {});
  };
}
