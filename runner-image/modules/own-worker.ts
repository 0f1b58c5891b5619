/** Text of user code for a worker that runs the same module: `new Worker(import.meta.url)`. */
import { MODULE_NAME, MODULE_URL } from "../../src/protocol/messages.ts";
import { makeUrl } from "../base/blob-urls.ts";
import { listOf, NativeBlob } from "../base/primordials.ts";

const JAVASCRIPT = { type: "application/javascript" };

/** Gives the module the same address as in the worker that it comes from. */
const META = `Object.assign(import.meta,{url:"${MODULE_URL}",filename:"/${MODULE_NAME}",dirname:"/"});`;

let main = { url: MODULE_URL, text: "" };

export function keepMain(url: string, text: string): void {
  main = { url, text };
}

/** Tells whether a URL is that of the code which was loaded last. */
export function isMain(url: string): boolean {
  return url === main.url;
}

/** Makes a URL that a new worker can load. In the first line, columns are not those of the code. */
export function urlOfMain(): string {
  return makeUrl(new NativeBlob(listOf(`${META}${main.text}`), JAVASCRIPT));
}
