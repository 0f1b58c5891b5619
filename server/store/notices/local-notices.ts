import { EventEmitter } from "node:events";
import type { Notice, Notices, OnNotice } from "../contract/notices.ts";

/** Notices of a store that no other server uses. */
export class LocalNotices implements Notices {
  readonly connected = true;
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  send(notice: Notice): void {
    this.#emitter.emit(notice.kind, notice);
  }

  on<Kind extends Notice["kind"]>(kind: Kind, receive: OnNotice<Kind>): () => void {
    this.#emitter.on(kind, receive);
    return () => this.#emitter.off(kind, receive);
  }

  onLoss(): () => void {
    return () => {};
  }

  onText(): () => void {
    return () => {};
  }
}
