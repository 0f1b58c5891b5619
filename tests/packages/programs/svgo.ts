import { optimize } from "svgo";

export default () =>
  optimize(
    '<svg xmlns="http://www.w3.org/2000/svg"><!-- a --><g><rect width="10" height="5" x="0"/></g></svg>',
  ).data;
