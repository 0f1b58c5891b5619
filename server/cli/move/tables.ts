/** A table with rows of tenants. */
export interface MovedTable {
  readonly name: string;
  /** Columns of the primary key, by which rows are copied in order. */
  readonly key: readonly string[];
  /** Most rows at a time, by the most bytes of one. */
  readonly batch: number;
  /** Expressions that replace columns. */
  readonly as?: Readonly<Record<string, string>>;
}

/** An unfinished job waits at its new place, and nobody claims it before the keys are in force there. */
const WAITING = (otherwise: string, column: string): string =>
  `case when finished_at is null then ${otherwise} else ${column} end`;

/** Tables that are copied, each after those that its foreign keys lead to. Keys of API come last. */
export const MOVED: readonly MovedTable[] = [
  { name: "functions", key: ["tenant", "name"], batch: 500 },
  { name: "function_versions", key: ["tenant", "name", "version"], batch: 4 },
  { name: "types", key: ["tenant", "name"], batch: 20 },
  { name: "type_names", key: ["tenant", "name"], batch: 500 },
  { name: "domains", key: ["domain"], batch: 500 },
  { name: "resources", key: ["locator"], batch: 4 },
  { name: "package_sets", key: ["tenant", "name"], batch: 20 },
  { name: "secrets", key: ["tenant", "name"], batch: 20 },
  { name: "schedules", key: ["tenant", "function", "name"], batch: 100 },
  {
    name: "schedule_runs",
    key: ["tenant", "function", "schedule", "due_at"],
    batch: 500,
  },
  { name: "hosts", key: ["tenant", "name"], batch: 500 },
  { name: "idempotency", key: ["tenant", "key"], batch: 20 },
  {
    name: "jobs",
    key: ["id"],
    batch: 20,
    as: {
      state: WAITING("'queued'", "state"),
      owner: WAITING("null", "owner"),
      claimed_until: WAITING("now() + interval '6 hours'", "claimed_until"),
    },
  },
  { name: "usage", key: ["tenant", "day"], batch: 500 },
  { name: "usage_details", key: ["tenant", "day", "function", "outcome"], batch: 500 },
  { name: "denials", key: ["tenant", "day", "function", "kind", "subject"], batch: 500 },
  { name: "executions", key: ["id"], batch: 1_000 },
  { name: "execution_logs", key: ["id"], batch: 50 },
];
