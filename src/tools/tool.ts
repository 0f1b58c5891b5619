import type { Config } from "../config/config.ts";
import type { Perms } from "../permissions/perms.ts";
import type { SandboxLevel, ValidRequest } from "../request/types.ts";

/** What the permissions of a tool may depend on. */
export interface ToolContext {
  readonly level: SandboxLevel;
  readonly request: ValidRequest;
  readonly config: Config;
}

/** Something code may use once its request names it. */
export interface Tool {
  /** A letter, then up to 63 letters, digits, `_` and `-`. */
  readonly name: string;
  /**
   * What the tool may reach; default `"none"`. A function is called for each execution, on the
   * host, and returns them at once.
   */
  readonly permissions?: Perms | ((context: ToolContext) => Perms);
  /** The tool's own settings, for whoever lists tools; `setup` has them in its closure. */
  readonly config?: unknown;
  /**
   * Called for each execution that uses the tool, before its code is there. What it puts on
   * `globals` becomes global, for good; what it throws ends the execution as a `ToolError`.
   */
  setup(globals: Record<string, unknown>): void | Promise<void>;
}

/** Where a tool comes from: the path or `file:` URL of a module, or the tool itself. */
export type ToolSource = string | URL | Tool;

/** A tool that has been registered. */
export interface CustomTool {
  readonly tool: Tool;
  /** What messages call its origin: the path of its module, or `tools[0]`. */
  readonly source: string;
  /** The text of its bundled module; absent for an object, which cannot go into a sandbox. */
  readonly module?: string;
}
