import type { Config } from "../config/config.ts";
import type { DATABASE_VARIABLE } from "../config/database.ts";
import type { Perms } from "../permissions/perms.ts";
import type { SandboxLevel, ValidRequest } from "../request/types.ts";

/** Facts that the permissions of a tool may depend on. */
export interface ToolContext {
  readonly level: SandboxLevel;
  readonly request: ValidRequest;
  /**
   * Settings of the host. The database's URL is that of the execution's tenant, without user, password
   * and options. It is here as `DATABASE_URL`, too; both are absent without a database.
   */
  readonly config: Config & { readonly [DATABASE_VARIABLE]?: string };
}

/** A tool: globals that code may use once its request names the tool. */
export interface Tool {
  /** Name: a letter, then up to 63 letters, digits, `_` and `-`. */
  readonly name: string;
  /** Purpose of the tool, for programs that list tools. */
  readonly description?: string;
  /**
   * Permissions of the tool. Default `"none"`. A function is called on the host for each execution,
   * and returns them synchronously.
   */
  readonly permissions?: Perms | ((context: ToolContext) => Perms);
  /** Settings of the tool, for programs that list tools. `setup` has them in its closure. */
  readonly config?: unknown;
  /**
   * Called for each execution that uses the tool, before its code loads. Properties set on
   * `globals` become global for good. An error that it throws ends the execution as a `ToolError`.
   */
  setup(globals: Record<string, unknown>): void | Promise<void>;
}

/** Tools by their names. */
export type Registry = Readonly<Record<string, Tool>>;

/** Origin of a tool: the path or `file:` URL of a module, or the tool itself. */
export type ToolSource = string | URL | Tool;

/** A registered tool. */
export interface CustomTool {
  readonly tool: Tool;
  /** Name of its origin in messages: the path of its module, or `tools[0]`. */
  readonly source: string;
  /** Text of its bundled module. Absent for an object, which cannot go into a sandbox. */
  readonly module?: string;
}
