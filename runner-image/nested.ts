/** First module of a worker that user code creates. */
import { coarsenClocks } from "./clocks/coarse.ts";
import { closeInternals } from "./internals.ts";

/** True with the permission `hrtime`. The worker that makes the prelude sets it before this text. */
declare const HRTIME: boolean;

closeInternals(import.meta.url, () => "data:text/javascript,");
if (!HRTIME) coarsenClocks();
