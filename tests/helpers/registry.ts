import { openRegistry, type RegistryOptions } from "../../src/resourcex/registry.ts";
import { RecordingRunner, scratch, text } from "./resourcex.ts";

/** Locator of the only resource in `helloFolder()`. */
export const LOCATOR = "localhost/hello.text@1.0.0";

/** Opens a registry that reaches no other one. Its types only return their inputs. */
export async function opened(options: RegistryOptions = {}) {
  const path = options.path ?? (await scratch());
  const runner = new RecordingRunner();
  const nowhere = { wellKnown: () => "http://127.0.0.1:1/", timeout: 1_000 };
  const parts = { builtins: [text], remote: nowhere };
  return { path, runner, registry: openRegistry({ ...options, path }, runner, parts) };
}

export async function found(
  searching: Promise<readonly { toString(): string }[]>,
): Promise<string[]> {
  return (await searching).map(String);
}
