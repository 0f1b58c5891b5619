/**
 * Opens secrets of a tenant by their names. Returns the values of those there are.
 *
 * @throws {Error} If one cannot be opened.
 */
export type SecretValues = (
  tenant: string,
  names: readonly string[],
) => Promise<ReadonlyMap<string, string>>;
