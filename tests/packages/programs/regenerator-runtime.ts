import runtime from "regenerator-runtime";

export default () => {
  const numbers = runtime.mark(function numbers() {
    return runtime.wrap(function step(context) {
      for (;;) {
        context.prev = context.next;
        switch (context.prev) {
          case 0:
            context.next = 2;
            return 7;
          case 2:
            context.next = 4;
            return 8;
          case 4:
          case "end":
            return context.stop();
        }
      }
    }, numbers);
  });
  return [...numbers()];
};
