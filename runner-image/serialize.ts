import { MAX_DEPTH, type OutputLimits } from "../src/protocol/limits.ts";
import { RunnerFault } from "./base/faults.ts";
import {
  apply,
  arrayFrom,
  defineProperty,
  deleteProperty,
  NativeError,
  NativeMap,
  NativeSet,
  stringifyJson,
  toText,
} from "./base/primordials.ts";

const TypedArray = Object.getPrototypeOf(Uint8Array) as { prototype: object };
const bytesOf = Uint8Array;

interface Mapping {
  readonly prototype: object;
  readonly toJSON: (this: never) => unknown;
}

/**
 * Rules for values without a JSON form of their own. A `Date` has one already (ISO text). `NaN` and
 * infinities become `null`. `undefined` and functions inside an object are left out.
 */
const MAPPINGS: readonly Mapping[] = [
  { prototype: NativeMap.prototype, toJSON: entries },
  { prototype: NativeSet.prototype, toJSON: entries },
  { prototype: TypedArray.prototype, toJSON: entries },
  { prototype: ArrayBuffer.prototype, toJSON: bytes },
  { prototype: NativeError.prototype, toJSON: nameAndMessage },
];

const mapEntries = NativeMap.prototype.entries;
const setValues = NativeSet.prototype.values;

function entries(this: Iterable<unknown>): unknown[] {
  if (this instanceof NativeMap) return arrayFrom(apply(mapEntries, this, []));
  if (this instanceof NativeSet) return arrayFrom(apply(setValues, this, []));
  return arrayFrom(this);
}

function bytes(this: ArrayBuffer): number[] {
  return arrayFrom(new bytesOf(this));
}

function nameAndMessage(this: Error): object {
  return { name: this.name, message: this.message };
}

/**
 * Writes the returned value as JSON text; `undefined` stays `undefined`. The mappings are on the
 * prototypes only during this call. So the runtime's own serializer does all the work. User code
 * never sees a `toJSON` that the language does not have.
 *
 * @throws {RunnerFault} `SerializationError` for what JSON cannot hold, `OutputLimitError` for too
 * much.
 */
export function serialize(value: unknown, limits: OutputLimits): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "function" || typeof value === "symbol") {
    throw new RunnerFault("SerializationError", `A ${typeof value} cannot be returned as JSON`);
  }
  // Checked before the copy: a string of hundreds of megabytes would end the sandbox instead.
  if (typeof value === "string" && value.length > limits.resultBytes) throw tooLarge(limits);
  let text: string | undefined;
  try {
    for (let i = 0; i < MAPPINGS.length; i += 1) install(MAPPINGS[i] as Mapping);
    text = stringifyJson(value);
  } catch (thrown) {
    throw new RunnerFault("SerializationError", reason(thrown));
  } finally {
    for (let i = 0; i < MAPPINGS.length; i += 1) uninstall(MAPPINGS[i] as Mapping);
  }
  if (text !== undefined && text.length > limits.resultBytes) throw tooLarge(limits);
  return text;
}

function install({ prototype, toJSON }: Mapping): void {
  if (typeof (prototype as { toJSON?: unknown }).toJSON === "function") return;
  defineProperty(prototype, "toJSON", { value: toJSON, configurable: true, writable: true });
}

function uninstall({ prototype, toJSON }: Mapping): void {
  if ((prototype as { toJSON?: unknown }).toJSON === toJSON) deleteProperty(prototype, "toJSON");
}

function tooLarge(limits: OutputLimits): RunnerFault {
  return new RunnerFault("OutputLimitError", `The result exceeds ${limits.resultBytes} bytes`);
}

function reason(thrown: unknown): string {
  if (thrown instanceof RangeError) return `The result is nested deeper than ${MAX_DEPTH} levels`;
  const message = thrown instanceof NativeError ? toText(thrown.message) : toText(thrown);
  return `The result cannot be written as JSON: ${message}`;
}
