/** Receives one line for the operator. Default level: `info`. */
export type OperatorLog = (line: string, level?: "info" | "warn" | "error") => void;
