import { BadRequest } from "../base/errors.ts";
import { mostReuse, type ReuseMode, stricter } from "../base/reuse-mode.ts";
import { firstIssue } from "../config/config.ts";
import { isReusable } from "../engines/run/reuse.ts";
import { requestWithin } from "../request/request-within.ts";
import type { Tenant } from "../request/tenant.ts";
import type { ValidRequest } from "../request/types.ts";
import { nameOfTool } from "../tools/registry.ts";
import { assertCodeSize } from "./code-size.ts";
import type { IsolatePlugin } from "./plugin.ts";
import { assertWithin } from "./tenant-limits.ts";

/**
 * Checks requests and fills in their defaults. Each error names the field.
 *
 * @throws {BadRequest} for an invalid request.
 * @throws {PayloadTooLarge} for code that is too large.
 * @throws {TenantLimit} for more than its tenant may have.
 */
export const GuardPlugin: IsolatePlugin = {
  name: "guard",
  setup(api) {
    const { config } = api;
    const schema = requestWithin(config);
    api.onValidate.tap((asked, tenant) => {
      const parsed = schema.safeParse(asked);
      if (!parsed.success) throw firstIssue(parsed.error, schema);
      const { data } = parsed;
      assertCodeSize(data.code, config, tenant);
      const { maxTimeout, maxMemory, sandbox: levels = [] } = tenant;
      const {
        timeout = Math.min(config.timeout, maxTimeout ?? config.timeout),
        sandbox = levels[0] ?? config.sandbox ?? "container",
        memory = Math.min(config.memory, maxMemory ?? config.memory),
        queueTimeout = config.queueTimeout,
        reuse = defaultReuse(config.reuse, data, tenant),
      } = data;
      // Assigned to the schema's object, because a copy takes ten times as long as all the rest.
      const request: ValidRequest = Object.assign(data, {
        timeout,
        queueTimeout,
        sandbox,
        memory,
        reuse,
      });
      assertWithin(request, tenant);
      assertFilesApart(request);
      return request;
    });
  },
};

type Parameters = Pick<ValidRequest, "tools" | "functions" | "files" | "artifacts">;

/**
 * Refuses files with kept code, which goes on between executions and could change those of the next.
 *
 * @throws {BadRequest} for them.
 */
function assertFilesApart({ reuse, files, artifacts }: ValidRequest): void {
  if (reuse !== "code" || (files === undefined && artifacts === undefined)) return;
  const field = files === undefined ? "artifacts" : "files";
  throw new BadRequest("reuse", `reuse: "code" is not possible with ${field}; "tenant" is`);
}

/** Returns the operator's mode of reuse, as far as the tenant and the tools allow it. */
function defaultReuse(
  asked: ReuseMode,
  { tools, functions, files, artifacts }: Parameters,
  tenant: Tenant,
): ReuseMode {
  if (asked === "never") return asked;
  const most = stricter(asked, mostReuse(tenant.reuse));
  if (most !== "code") return most;
  return functions || files || artifacts || !isReusable(tools.map(nameOfTool)) ? "tenant" : most;
}
