/** A PostgreSQL server and whose connection to it is made; JSON, so that it can go to the proxy. */
export interface DatabaseTarget {
  /** Tried in this order until one can be reached. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Command-line options for the server's process. */
  readonly options?: string;
  /** Absent for a connection in the clear. */
  readonly tls?: DatabaseTls;
}

export interface DatabaseHost {
  readonly host: string;
  readonly port: number;
}

export interface DatabaseTls {
  readonly mode: "prefer" | "require" | "verify-ca" | "verify-full";
  /** PEM texts: who signs the server's certificate, and the client's own certificate and key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The most one statement may answer with. */
export interface ResultLimits {
  readonly rows: number;
  /** Bytes of all messages, as the server sends them: rows above all, notices, and the text of an error. */
  readonly bytes: number;
}

/** What one execution may do with its tenant's database. */
export interface DatabaseGrant {
  readonly target: DatabaseTarget;
  readonly limits: ResultLimits;
}
