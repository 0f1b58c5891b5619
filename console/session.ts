import { type Client, createClient, IsolateClientError } from "../src/client/client.ts";

/** Access that a key gives. `open`: a server without keys. `unknown`: no such key. */
export type Role = "open" | "tenant" | "operator" | "unknown";

export interface Session {
  readonly client: Client;
  readonly role: Role;
  readonly key: string;
}

/** Places where a key may be kept: until the page is closed, the tab, or the reader forgets it. */
export const KEPT = ["page", "tab", "browser"] as const;
export type Kept = (typeof KEPT)[number];

const NAME = "isolate.key";

/** URL of the server, below which the page is served. */
export const SERVER = new URL(".", document.baseURI).href;

/** Reads a key that an earlier visit has kept. */
export function keptKey(): string {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? "";
}

/** Keeps a key where its reader wants it, and removes it everywhere else. */
export function keepKey(key: string, kept: Kept): void {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
  if (kept === "tab") sessionStorage.setItem(NAME, key);
  if (kept === "browser") localStorage.setItem(NAME, key);
}

/** Connects with a key, and finds out what the key gives access to. */
export async function connect(key: string): Promise<Session> {
  const client = createClient({ url: SERVER, ...(key !== "" && { key }) });
  return { client, key, role: await roleOf(client, key) };
}

async function roleOf(client: Client, key: string): Promise<Role> {
  const asTenant = await statusOf(client.tenant());
  // A server that wants keys answers nobody without one.
  if (asTenant === 404 || (asTenant === 200 && key === "")) return "open";
  if (asTenant === 401) return "unknown";
  if (asTenant !== 403) return "tenant";
  // Keys with few scopes may not read their tenant.
  return (await statusOf(client.admin.nodes())) === 200 ? "operator" : "tenant";
}

async function statusOf(asked: Promise<unknown>): Promise<number> {
  try {
    await asked;
    return 200;
  } catch (error) {
    if (error instanceof IsolateClientError) return error.status;
    throw error;
  }
}
