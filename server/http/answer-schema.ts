import { z } from "zod";
import { accepted, answer } from "../../src/contract/executions.ts";

/** A stream of an execution's events. OpenAPI 3.1 has no form for the single events. */
export const EXECUTION_EVENTS = z.string().meta({
  id: "ExecutionEvents",
  description: `Server-sent events, each with JSON as its \`data\`:
- \`log\`: \`{level, message, timestamp}\`
- \`channel\`: \`{topic, data}\`, a message that the code emits
- \`packages\`: \`{stage}\`, the work on its packages
- \`denied\`: \`{kind, value, by, code?, permission?}\`, a refused attempt
- \`dropped\`: \`{events}\`, how many of these were left out
- \`result\`: an \`Answer\`; the last event
- \`error\`: a \`Problem\`; the last event, in place of \`result\``,
});

/** A stream of the entries of a function's executions. */
export const logEvents = z.string().meta({
  id: "LogEvents",
  description:
    "Server-sent events: `logs` with `FunctionLogs`, and `dropped` with `{events}`, each as JSON",
});

/** Responses of a route that runs code. */
export const WAYS_RESPONSES = {
  200: {
    description: "How it ended, whatever the code did; with Accept: text/event-stream, as events",
    schema: answer,
    events: EXECUTION_EVENTS,
  },
  202: {
    description: "With Prefer: respond-async: where its answer will be is in Location",
    schema: accepted,
  },
};

/** Codes of errors of a route that runs code. */
export const RUN_PROBLEMS = {
  403: ["PERMISSION_REFUSED", "TENANT_LIMIT", "VETOED"],
  400: ["SECRET_NOT_FOUND"],
  429: ["CONCURRENCY_LIMIT", "BUDGET_EXHAUSTED", "TENANT_BUSY"],
  502: ["REGISTRY_FAILED"],
  503: ["ENGINE_UNAVAILABLE", "EGRESS_UNAVAILABLE", "REGISTRY_UNAVAILABLE", "SHUTTING_DOWN"],
};

/** Codes of errors of a route that may be repeated, or answered later. */
export const WAYS_PROBLEMS = {
  ...RUN_PROBLEMS,
  409: ["IDEMPOTENCY_RUNNING", "IDEMPOTENCY_NOT_STORED"],
  422: ["IDEMPOTENCY_MISMATCH"],
  429: [...RUN_PROBLEMS[429], "JOBS_LIMIT"],
  507: ["STORAGE_FULL", "STORAGE_RESERVED"],
};
