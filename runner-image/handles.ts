import { apply, defineProperty, uncurry } from "./base/primordials.ts";

// biome-ignore lint/suspicious/noExplicitAny: what the runtime has and its types do not
type Anything = any;
type Method = (this: object, ...args: unknown[]) => unknown;

/** What a handle says to a call that it does not take: EBADF and EINVAL of the kernel's. */
const BAD_DESCRIPTOR = -9;
const INVALID = -22;

const has = uncurry(WeakSet.prototype.has);
const add = uncurry(WeakSet.prototype.add);

/**
 * Has the handles behind `node:net` and the like take no descriptor of the process by its number, and
 * use no address that has not been asked for: the runtime checks permissions when a socket is bound, and
 * neither then when one that is not listens or receives. Seen with Deno 2.9.6.
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

/** A `bind` that notes what it has bound. */
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
