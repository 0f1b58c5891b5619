/**
 * Flags of Node's for tests. WebAssembly is compiled once, and not again in the background for speed. For a store in a
 * directory, that saves one or two seconds of processor time. The few queries of a test do not need the speed.
 */
export const NODE_FLAGS: readonly string[] = ["--liftoff-only"];
