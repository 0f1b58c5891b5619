import EventEmitter from "eventemitter3";

export default () => {
  const emitter = new EventEmitter();
  const seen: unknown[] = [];
  emitter.on("order", (n: number) => seen.push(n));
  emitter.once("order", function (this: object) {
    seen.push(this === emitter);
  });
  return [
    emitter.emit("order", 1),
    emitter.emit("order", 2),
    emitter.emit("none"),
    seen,
    emitter.eventNames(),
  ];
};
