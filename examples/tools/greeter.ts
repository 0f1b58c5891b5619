import type { Tool } from "isolate";
import { inject } from "isolate/common/inject";

/** Greets: a module whose factory returns the tool, with state of its own for each execution. */
export function greeter(): Tool {
  let greeted = 0;
  const api = Object.freeze({
    greet(name: string): string {
      greeted += 1;
      return `Hello, ${name}! You are number ${greeted}.`;
    },
  });
  return {
    name: "greeter",
    permissions: "none",
    setup: (globals) => inject(globals, "greeter", api),
  };
}
