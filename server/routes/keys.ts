import { z } from "zod";
import { BadRequest } from "../../src/base/errors.ts";
import { keyBody, newKey, shownKey } from "../../src/contract/keys.ts";
import { HttpProblem } from "../errors/problem.ts";
import { type Route, route } from "../http/route.ts";
import type { Auth, CallerKey } from "../tenants/auth.ts";
import { covers, listed, wrongScope } from "../tenants/key-scopes.ts";
import type { Keyring, ShownKey } from "../tenants/keys/keyring.ts";

const MAX_KEYS = 100;

export const keyId = z
  .string()
  .regex(/^([0-9a-f]{2})?[0-9a-f]{16}$/, "Expected 16 or 18 of 0-9 and a-f");

type KeyBody = z.output<typeof keyBody>;

/** `/keys`: the keys of the caller's tenant, as far as the caller's own key reaches. */
export function ownKeyRoutes(keyring: Keyring, { open }: Pick<Auth, "open">): Route[] {
  const common = { scope: "tenant", needs: "manage", tags: ["Tenant"] } as const;
  const assertKeys = (): void => {
    if (open) throw noKeys();
  };
  return [
    route({
      ...common,
      method: "GET",
      path: "/keys",
      summary: "Your own keys, without what is secret of them",
      responses: {
        200: { description: "All of them", schema: z.object({ keys: z.array(shownKey) }) },
      },
      handler: async ({ caller, c }) => {
        assertKeys();
        return c.json({ keys: (await keyring.list(caller.tenant.id)).map(keyShown) });
      },
    }),
    route({
      ...common,
      method: "POST",
      path: "/keys",
      summary: "Make a key that may no more than the one you use",
      examples: {
        reader: { summary: "A key that reads", value: { label: "reader", scopes: ["read"] } },
      },
      problems: { 409: ["TOO_MANY_KEYS"] },
      body: keyBody,
      responses: { 201: { description: "The key, shown once", schema: newKey } },
      audit: () => ({ action: "key.create", target: "" }),
      handler: async ({ body, caller, audited, c }) => {
        assertKeys();
        const within = body.label === undefined ? {} : { label: body.label };
        const rights = rightsWithin(body, caller.key);
        const asked = { ...within, ...rights };
        const made = await createdKey(keyring, caller.tenant.id, asked);
        audited({ target: made.id, detail: asked });
        return c.json(made, 201);
      },
    }),
    route({
      ...common,
      method: "DELETE",
      path: "/keys/{keyId}",
      summary: "Revoke a key that may no more than the one you use",
      operationId: "revokeKey",
      params: z.object({ keyId }),
      responses: { 204: { description: "It is good for nothing any more" } },
      audit: ({ params }) => ({ action: "key.revoke", target: params.keyId }),
      handler: async ({ params: { keyId: id }, caller, c }) => {
        assertKeys();
        const known = (await keyring.list(caller.tenant.id)).find((key) => key.id === id);
        if (known === undefined) throw noSuchKey("There is no such key");
        if (!covers(caller.key?.scopes ?? null, known.scopes)) {
          throw wrongScope(`Key ${id} may do more than the one you use, so it cannot revoke it`);
        }
        if (await keyring.revoke(caller.tenant.id, id)) return c.body(null, 204);
        throw noSuchKey("There is no such key");
      },
    }),
  ];
}

/**
 * Returns the rights of a new key that another one makes. What is left out is as that key has it.
 *
 * @throws {HttpProblem} 403 if it would have more.
 */
function rightsWithin(asked: KeyBody, own: CallerKey | undefined): Omit<KeyBody, "label"> {
  const { scopes: ownScopes = null, expiresAt: ownEnd = null } = own ?? {};
  const { scopes = ownScopes, expiresAt = ownEnd } = asked;
  if (!covers(ownScopes, scopes === null ? null : [...scopes])) {
    const most = ownScopes === null ? "" : ` ${listed(ownScopes)}`;
    throw wrongScope(`scopes: More than those of the key you use:${most}`, "scopes");
  }
  if (ownEnd !== null && (expiresAt === null || expiresAt > ownEnd)) {
    const most = ownEnd.toISOString();
    throw wrongScope(`expiresAt: Later than the key you use, which ends at ${most}`, "expiresAt");
  }
  return { scopes: scopes === null ? null : [...scopes], expiresAt };
}

/** Makes a key of a tenant, and its answer. */
export async function createdKey(
  keyring: Keyring,
  tenant: string,
  { label = "", scopes: asked, expiresAt = null }: KeyBody,
): Promise<z.input<typeof newKey>> {
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
    throw new BadRequest("expiresAt", "expiresAt: Not in the future");
  }
  if ((await keyring.list(tenant)).length >= MAX_KEYS) throw tooManyKeys();
  const scopes = asked ? [...new Set(asked)] : null;
  const key = await keyring.create(tenant, label, { scopes, expiresAt });
  // Others may have been made since, on any server. One that stays has seen no more than may be.
  if ((await keyring.list(tenant)).length > MAX_KEYS) {
    await keyring.revoke(tenant, key.id);
    throw tooManyKeys();
  }
  return {
    ...key,
    ...(scopes !== null && { scopes }),
    ...(expiresAt !== null && { expiresAt: expiresAt.toISOString() }),
  };
}

function tooManyKeys(): HttpProblem {
  const message = `The tenant has ${MAX_KEYS} keys; revoke one first`;
  return new HttpProblem(409, "Conflict", "TOO_MANY_KEYS", message);
}

export function keyShown({ id, label, scopes, expiresAt, lastUsedAt, createdAt }: ShownKey) {
  return { id, prefix: `isolate_${id}_`, label, scopes, expiresAt, lastUsedAt, createdAt };
}

/** Makes the answer for an id that is no key of the tenant. */
export function noSuchKey(message: string): HttpProblem {
  return new HttpProblem(404, "NotFound", "KEY_NOT_FOUND", message);
}

function noKeys(): HttpProblem {
  const message = "This server has no keys; set ISOLATE_ADMIN_KEY and start again";
  return new HttpProblem(403, "Forbidden", "ADMIN_DISABLED", message);
}
