import { __assign, __awaiter, __generator, __rest, __spreadArray } from "tslib";

export default () =>
  __awaiter(undefined, undefined, undefined, function () {
    return __generator(this, (_state) => [
      2,
      [
        __assign({ a: 1 }, { b: 2 }),
        __rest({ a: 1, b: 2 }, ["a"]),
        __spreadArray([1], [2, 3], true),
      ],
    ]);
  });
