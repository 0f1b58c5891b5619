/** What a worker that user code has made evaluates first. */
import { closeInternals } from "./internals.ts";

closeInternals(import.meta.url);
