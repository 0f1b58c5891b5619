import { IsolateClientError } from "../../src/client/client.ts";

/** Shows why a request has failed, with what a log is searched for. */
export function Problem({ error }: { readonly error: unknown }) {
  if (error === undefined) return null;
  const own = error instanceof IsolateClientError ? error : undefined;
  return (
    <div class="problem" role="alert">
      <strong>{own?.code ?? "Failed"}</strong>{" "}
      {error instanceof Error ? error.message : String(error)}
      {own?.requestId !== undefined && <small class="muted"> Request {own.requestId}</small>}
    </div>
  );
}
