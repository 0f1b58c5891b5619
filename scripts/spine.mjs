/** The way of `POST /execute` to a new container: each file calls the next one, and the last one Docker. */
export const SPINE = [
  "server/routes/execute.ts",
  "server/replies/reply-modes.ts",
  "server/runs/runs.ts",
  "src/kernel/kernel.ts",
  "src/engines/run/pooled-engine.ts",
  "src/engines/pool/pool.ts",
  "src/engines/container/launcher.ts",
];
