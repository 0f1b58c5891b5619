/** A part of a list: what comes after `after`, in the list's own order. */
export interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}
