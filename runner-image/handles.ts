import { apply, defineProperty, uncurry } from "./base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;
type Method = (this: object, ...args: unknown[]) => unknown;

/** Error codes of the kernel for a refused call: EBADF and EINVAL. */
const BAD_DESCRIPTOR = -9;
const INVALID = -22;

const has = uncurry(WeakSet.prototype.has);
const add = uncurry(WeakSet.prototype.add);

/**
 * Guards the handles behind `node:net` and the like. They refuse a file descriptor given by its
 * number. They listen or receive only on an address that passed `bind`, because the runtime checks
 * permissions there. It does not check them when an unbound socket listens or receives. Seen with
 * Deno 2.9.6.
 */
export function closeHandles(binding: (name: string) => Anything): void {
  const { TCP } = binding("tcp_wrap");
  const { Pipe } = binding("pipe_wrap");
  const { UDP } = binding("udp_wrap");
  for (const { prototype } of [TCP, Pipe, UDP]) {
    replace(prototype, "open", () => () => BAD_DESCRIPTOR);
  }
  const bound = new WeakSet();
  for (const { prototype } of [TCP, UDP]) {
    for (const name of ["bind", "bind6", "bindWithFlags"]) {
      replace(prototype, name, (original) => remembering(original, bound));
    }
  }
  replace(TCP.prototype, "listen", (original) => onlyIf(original, bound));
  for (const name of ["connect", "connect6", "recvStart", "addMembership"]) {
    replace(UDP.prototype, name, (original) => onlyIf(original, bound));
  }
  replace(UDP.prototype, "addSourceSpecificMembership", (original) => onlyIf(original, bound));
}

function replace(prototype: Anything, name: string, by: (original: Method) => Method): void {
  const original: unknown = prototype[name];
  if (typeof original !== "function") return;
  const value = by(original as Method);
  defineProperty(prototype, name, {
    value,
    enumerable: true,
    writable: false,
    configurable: false,
  });
}

/** Wraps `bind` so that it records the handles it has bound. */
function remembering(bind: Method, bound: WeakSet<object>): Method {
  return function (...args) {
    const code = apply(bind, this, args);
    if (code === 0) add(bound, this);
    return code;
  };
}

function onlyIf(original: Method, bound: WeakSet<object>): Method {
  return function (...args) {
    return has(bound, this) ? apply(original, this, args) : INVALID;
  };
}
