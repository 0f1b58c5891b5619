/** `isolate/kernel`: makes instances. */
export {
  create,
  createIsolate,
  type Isolate,
  type IsolateOptions,
  type LibraryOutput,
} from "../isolate.ts";
