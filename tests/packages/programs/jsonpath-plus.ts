import { JSONPath } from "jsonpath-plus";

const json = {
  shop: {
    books: [
      { title: "A", price: 8 },
      { title: "B", price: 22 },
    ],
  },
};

export default () => [
  JSONPath({ path: "$.shop.books[*].title", json }),
  JSONPath({ path: "$..books[?(@.price < 10)]", json }),
  JSONPath({ path: "$..price", json, resultType: "path" }),
];
