/** Sends spans. Loaded by whoever has them sent, as nobody else is to wait for the packages. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

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

/** Has this process send its spans, and returns what sends the last of them. */
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
    // A receiver that is away is no reason to stay.
    await provider.shutdown().catch(() => {});
  };
}
