import type { Context } from "hono";
import type { Hub } from "../../registry/hub.ts";
import { requiredLocator, storedResource } from "../../registry/locators.ts";

/** `GET|HEAD /resource?locator=`: the manifest. */
export function resourceRoute(hub: Hub) {
  return async function resource(c: Context): Promise<Response> {
    const { manifest } = await storedResource(hub, requiredLocator(c.req.query("locator")));
    return c.json(manifest.toJSON());
  };
}

/** `GET /content?locator=`: the archive's bytes. */
export function contentRoute(hub: Hub) {
  return async function content(c: Context): Promise<Response> {
    const { archive } = await storedResource(hub, requiredLocator(c.req.query("locator")));
    const bytes = await archive.buffer();
    return c.body(new Uint8Array(bytes), 200, { "Content-Type": "application/gzip" });
  };
}

/** `DELETE /resource?locator=`: 204, or 404 for what is not there. */
export function deleteRoute(hub: Hub) {
  return async function remove(c: Context): Promise<Response> {
    const locator = requiredLocator(c.req.query("locator"));
    await storedResource(hub, locator);
    await hub.storage.delete(locator);
    return c.body(null, 204);
  };
}
