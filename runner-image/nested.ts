/** First module of a worker that user code creates. */
import { closeInternals } from "./internals.ts";

closeInternals(import.meta.url);
