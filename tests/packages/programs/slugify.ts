import slugify from "slugify";

export default () => [
  slugify("Crème brûlée & Tea", { lower: true }),
  slugify("some (odd) text!", { strict: true, replacement: "_" }),
];
