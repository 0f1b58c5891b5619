import type { TestServer } from "./server.ts";

export const OPERATOR_KEY = "operator=key-of-the-tests,".repeat(2);

/** Makes a function that sends requests to a server process with a key. */
export function asking(server: TestServer, key: string) {
  return async (method: string, path: string, body?: unknown, headers: object = {}) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
    const told: any = text.startsWith("{") ? JSON.parse(text) : text;
    return { status: response.status, body: told, headers: response.headers };
  };
}

/** Makes a tenant in a server process whose operator's key is `OPERATOR_KEY`. */
export async function tenantOf(server: TestServer, id: string, settings: object = {}) {
  const admin = asking(server, OPERATOR_KEY);
  await admin("PUT", `/admin/tenants/${id}`, settings);
  const { body } = await admin("POST", `/admin/tenants/${id}/keys`, {});
  return { id, key: body.key as string, ask: asking(server, body.key) };
}
