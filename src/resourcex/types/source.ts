import type { SandboxArchive } from "../archive/sandbox-archive.ts";
import type { TypeSandbox } from "./type.ts";

/** The resource that a type's `resolve` receives, at every level. */
export interface TypeContext {
  readonly locator: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly archive: Pick<SandboxArchive, "buffer" | "extract">;
  /** Path → bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/**
 * Default export of a type's module.
 *
 * @example
 * export default {
 *   name: "prompt",
 *   description: "A text with holes",
 *   sandbox: "isolated",
 *   async resolve({ archive }, args) {
 *     const content = await (await archive.extract()).file("content");
 *     return content.toString().replace("{who}", args.who);
 *   },
 * } satisfies TypeSource<{ who: string }>;
 */
export interface TypeSource<Args = unknown, Result = unknown> {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly schema?: object;
  /** Default `none`. */
  readonly sandbox?: TypeSandbox;
  resolve(resource: TypeContext, args: Args): Result | Promise<Result>;
}
