import classNames from "classnames";
import bind from "classnames/bind.js";

export default () => [
  classNames("a", { b: true, c: false }, ["d", { e: 1 }]),
  bind.bind({ on: "x-1" })("on", { off: true }),
];
