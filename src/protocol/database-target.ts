/** A PostgreSQL server and the account to use. It is JSON, so that it can go to the proxy. */
export interface DatabaseTarget {
  /** Hosts, tried in this order until one can be reached. */
  readonly hosts: readonly DatabaseHost[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Command-line options for the server's process. */
  readonly options?: string;
  /** TLS settings. Default: a connection in the clear. */
  readonly tls?: DatabaseTls;
}

export interface DatabaseHost {
  readonly host: string;
  readonly port: number;
}

export interface DatabaseTls {
  readonly mode: "prefer" | "require" | "verify-ca" | "verify-full";
  /** PEM texts: the CA of the server's certificate, then the client's certificate and key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Limits of the answer to one statement. */
export interface ResultLimits {
  readonly rows: number;
  /** Bytes of all messages that the server sends: rows, notices, and the text of an error. */
  readonly bytes: number;
}

/** Access of one execution to its tenant's database. */
export interface DatabaseGrant {
  readonly target: DatabaseTarget;
  readonly limits: ResultLimits;
}
