/**
 * URLs of blobs. The process keeps a blob as long as its URL, beyond the worker that made it. So each
 * URL is told to the sandbox's host process, which gives it back before another execution begins.
 */
import { createBlobUrl } from "./primordials.ts";

const revokeBlobUrl = URL.revokeObjectURL.bind(URL);

let tell: (url: string, gone: boolean) => void = () => {};

/** Sets the function that hears of each URL. */
export function tellUrls(to: (url: string, gone: boolean) => void): void {
  tell = to;
}

export function makeUrl(blob: Blob): string {
  const url = createBlobUrl(blob);
  tell(url, false);
  return url;
}

export function dropUrl(url: string): void {
  revokeBlobUrl(url);
  tell(url, true);
}
