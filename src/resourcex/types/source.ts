import type { Perms } from "../../permissions/perms.ts";
import type { SandboxRXR } from "../data/sandbox-entry.ts";
import type { SandboxType } from "./type.ts";

/** The resource that a type's `resolve` receives, at every level. */
export type TypeContext = SandboxRXR;

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
  /**
   * Permissions of its code, beyond those of the tools. Default `"none"`. A host or a tenant that
   * does not grant all of them refuses the type.
   */
  readonly permissions?: Perms;
  /** Names of the tools that its code uses. Default none. */
  readonly tools?: readonly string[];
  /** Default `none`. */
  readonly sandbox?: SandboxType;
  resolve(resource: TypeContext, args: Args): Result | Promise<Result>;
}
