import type { SandboxArchive } from "../archive/sandbox-archive.ts";
import type { TypeSandbox } from "./type.ts";

/** A resource as the `resolve` of its type is given it, wherever that runs. */
export interface TypeContext {
  readonly locator: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly archive: Pick<SandboxArchive, "buffer" | "extract">;
  /** Path → bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/**
 * What the module of a type exports as its default.
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
