import { PackagesClient } from "./packages.ts";
import { segment, type Transport } from "./transport.ts";
import type {
  AdminUsageQuery,
  AllUsage,
  AnyExecution,
  AnyExecutionQuery,
  AnyJob,
  AnyJobQuery,
  AuditEntry,
  AuditQuery,
  KeyInfo,
  KeyRequest,
  NewKey,
  NodeInfo,
  TenantCondition,
  TenantHostInfo,
  TenantInfo,
  TenantPatch,
  TenantSettings,
} from "./types.ts";

/** Manages tenants and their keys, and lists servers, with the administrator's key. */
export class AdminClient {
  readonly #transport: Transport;
  /** Sets of packages that all tenants may use. */
  readonly packages: PackagesClient;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.packages = new PackagesClient(transport, "/admin/packages");
  }

  /**
   * Creates a tenant or replaces its settings. Omitted `env` and `database` stay as they are. The
   * answer's `warnings` name what is back at its default.
   */
  putTenant(
    id: string,
    settings: TenantSettings = {},
    condition?: TenantCondition,
  ): Promise<TenantInfo> {
    const headers = headersOf(condition);
    return this.#transport.json(pathOf(id), { method: "PUT", body: settings, headers });
  }

  /** Changes the settings that a patch names; `null` removes one. */
  patchTenant(id: string, patch: TenantPatch, condition?: TenantCondition): Promise<TenantInfo> {
    const headers = headersOf(condition);
    return this.#transport.json(pathOf(id), { method: "PATCH", body: patch, headers });
  }

  /** Refuses everything of a tenant and ends what it runs. The tenant reads the reason. */
  suspendTenant(id: string, reason?: string): Promise<TenantInfo> {
    const body = reason === undefined ? {} : { reason };
    return this.#transport.json(`${pathOf(id)}/suspend`, { method: "POST", body });
  }

  resumeTenant(id: string): Promise<TenantInfo> {
    return this.#transport.json(`${pathOf(id)}/resume`, { method: "POST" });
  }

  /** Returns a tenant with what it has used today. */
  tenant(id: string): Promise<TenantInfo> {
    return this.#transport.json(pathOf(id));
  }

  /** Returns a page of tenants, by id. `next` is the `after` of the next page. */
  tenants(
    query: { after?: string; limit?: number } = {},
  ): Promise<{ tenants: TenantInfo[]; next?: string }> {
    return this.#transport.json("/admin/tenants", { query });
  }

  /** Returns a page of the use of all tenants, by tenant or day. Default: the last 30 days. */
  usage(query: AdminUsageQuery = {}): Promise<AllUsage> {
    return this.#transport.json("/admin/usage", { query: { ...query } });
  }

  /** Lists the servers that share the store. */
  async nodes(): Promise<NodeInfo[]> {
    return (await this.#transport.json<{ nodes: NodeInfo[] }>("/admin/nodes")).nodes;
  }

  /** Returns a page of host names of all tenants. `next` is the `after` of the next page. */
  hosts(
    query: { after?: string; limit?: number } = {},
  ): Promise<{ hosts: TenantHostInfo[]; next?: string }> {
    return this.#transport.json("/admin/hosts", { query });
  }

  /** Has a name that a tenant asks for served. */
  verifyHost(host: string, tenant: string): Promise<TenantHostInfo> {
    const path = `/admin/hosts/${segment(host)}/verify`;
    return this.#transport.json(path, { method: "POST", body: { tenant } });
  }

  /** Takes a name from a tenant. */
  async deleteHost(host: string, tenant: string): Promise<void> {
    const call = { method: "DELETE", query: { tenant } } as const;
    await this.#transport.send(`/admin/hosts/${segment(host)}`, call);
  }

  /** Returns a page of all tenants' executions, the newest first. `next` is its next `cursor`. */
  executions(
    query: AnyExecutionQuery = {},
  ): Promise<{ executions: AnyExecution[]; next?: string }> {
    return this.#transport.json("/admin/executions", { query: { ...query } });
  }

  /** Returns a page of all tenants' jobs, the newest first. */
  jobs(query: AnyJobQuery = {}): Promise<{ jobs: AnyJob[]; next?: string }> {
    return this.#transport.json("/admin/jobs", { query: { ...query } });
  }

  /** Returns a page of administrative changes, the newest first. */
  audit(query: AuditQuery = {}): Promise<{ entries: AuditEntry[]; next?: string }> {
    return this.#transport.json("/admin/audit", { query: { ...query } });
  }

  /** Deletes a tenant with all its data, and ends its executions. */
  async deleteTenant(id: string): Promise<void> {
    await this.#transport.send(pathOf(id), { method: "DELETE" });
  }

  /** Creates a key, with a label or with more. Only this answer shows it. */
  createKey(tenant: string, key: string | KeyRequest = {}): Promise<NewKey> {
    const body = typeof key === "string" ? { label: key } : key;
    return this.#transport.json(`${pathOf(tenant)}/keys`, { method: "POST", body });
  }

  async keys(tenant: string): Promise<KeyInfo[]> {
    return (await this.#transport.json<{ keys: KeyInfo[] }>(`${pathOf(tenant)}/keys`)).keys;
  }

  async revokeKey(tenant: string, id: string): Promise<void> {
    await this.#transport.send(`${pathOf(tenant)}/keys/${segment(id)}`, { method: "DELETE" });
  }
}

function headersOf({ ifMatch, isNew }: TenantCondition = {}): Record<string, string> {
  return { ...(ifMatch && { "If-Match": ifMatch }), ...(isNew && { "If-None-Match": "*" }) };
}

function pathOf(id: string): string {
  return `/admin/tenants/${segment(id)}`;
}
