import { createElement, isValidElement, memo } from "react";

const Badge = memo(({ count }: { count: number }) => createElement("b", null, count));

export default () => {
  const element = createElement("p", { id: "x" }, "You have ", createElement(Badge, { count: 3 }));
  return [isValidElement(element), element.type, Object.keys(element.props as object)];
};
