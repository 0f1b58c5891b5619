/** Facts about one server that it writes down itself. */
export interface NodeState {
  /** Id of the server, which is new at each start. */
  readonly id: string;
  /** Name and port for people. Nothing connects to it. */
  readonly address: string;
  readonly version: string;
  /** True if it is about to end. */
  readonly draining: boolean;
  /** Most sandboxes at once. */
  readonly capacity: number;
}

export interface NodeRow extends NodeState {
  readonly startedAt: Date;
  /** Time of its last sign of life, by the database's clock. */
  readonly seen: Date;
  /** Milliseconds since then. */
  readonly age: number;
}

/** The servers that share the store, for people and metrics. Nothing else depends on it. */
export interface Nodes {
  /** Writes down that a server is alive. */
  put(node: NodeState): Promise<void>;
  remove(id: string): Promise<void>;
  /** Lists servers by id, at most 1,000. */
  list(): Promise<NodeRow[]>;
  /** Deletes servers without a sign of life for that many ms. */
  prune(age: number): Promise<void>;
}
