import type { RXA } from "../archive/package.ts";
import type { RXL } from "./locator.ts";
import type { RXM } from "./manifest.ts";

/** A resource: data with a name. Its type defines its operations, and gets it in this form, too. */
export interface RXR {
  readonly locator: RXL;
  readonly manifest: RXM;
  readonly archive: RXA;
}
