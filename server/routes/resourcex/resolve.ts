import type { Context } from "hono";
import { messageOf } from "../../../src/errors.ts";
import type { RegisteredType } from "../../../src/resourcex/type-table.ts";
import type { LogEntry } from "../../../src/types.ts";
import type { WithBody } from "../../bodies.ts";
import type { Hub } from "../../registry/hub.ts";
import { requiredLocator, storedResource } from "../../registry/locators.ts";
import { type RegistryCode, RegistryProblem } from "../../registry/problem.ts";

/** `POST /resolve` with `{ locator, args? }`: runs the resource's type on it, in a container. */
export function resolveRoute(hub: Hub, withBody: WithBody) {
  return function resolve(c: Context): Promise<Response> {
    const { raw } = c.req;
    return withBody(raw, async (body) => {
      const { locator: text, args } = Object(body) as { locator?: unknown; args?: unknown };
      const { manifest, archive } = await storedResource(hub, requiredLocator(text));
      const { type, checkArguments } = typeOf(hub, manifest.type);
      const checked = refusedAs("INVALID_ARGUMENTS", () => checkArguments(args));
      const locator = manifest.toLocator();
      const resource = { locator, manifest, archive: await archive.buffer() };
      const logs: LogEntry[] = [];
      const started = performance.now();
      const onLog = (entry: LogEntry): void => void logs.push(entry);
      const contained = { ...type, sandbox: "container" } as const;
      const options = { signal: raw.signal, onLog };
      const result = await hub.runner.run(contained, resource, checked, options);
      const executionTimeMs = Math.round(performance.now() - started);
      return c.json({
        result,
        meta: { executionTimeMs, locator, ...(logs.length > 0 && { logs }) },
      });
    });
  };
}

function typeOf(hub: Hub, name: string): RegisteredType {
  return refusedAs("UNSUPPORTED_TYPE", () => hub.types.get(name));
}

function refusedAs<T>(code: RegistryCode, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new RegistryProblem(code, messageOf(error));
  }
}
