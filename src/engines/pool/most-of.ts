/** Returns the first item of the tenant that has the most. */
export function mostOf<T extends { readonly tenant: string }>(
  items: readonly T[],
  has: (tenant: string) => number,
): T | undefined {
  let most: T | undefined;
  for (const item of items) {
    if (most === undefined || has(item.tenant) > has(most.tenant)) most = item;
  }
  return most;
}
