/**
 * Has WebAssembly compiled once, and not a second time in the background for speed: that takes a store in a
 * directory a second of processor time or two, which the few queries of a test do not give back.
 */
export const NODE_FLAGS: readonly string[] = ["--liftoff-only"];
