/** Yields pages of a list up to its last. `next` of a page is the `after` of the next one. */
export async function* pagesOf<T extends { readonly next?: string | undefined }>(
  ask: (query: { after?: string }) => Promise<T>,
): AsyncGenerator<T, void> {
  let next: string | undefined;
  do {
    const page = await ask(next === undefined ? {} : { after: next });
    yield page;
    next = page.next;
  } while (next !== undefined);
}
