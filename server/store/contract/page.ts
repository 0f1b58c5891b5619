/** A part of a list: up to `limit` entries behind `after`, in the list's own order. */
export interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}
