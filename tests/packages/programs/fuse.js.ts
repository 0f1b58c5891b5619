import Fuse from "fuse.js";

const books = [
  { title: "Old Man's War", author: "Scalzi" },
  { title: "The Lock Artist", author: "Steve" },
];

export default () =>
  new Fuse(books, { keys: ["title", "author"], includeScore: true })
    .search("lok artst")
    .map(({ item, score }) => [item.title, (score ?? 1) < 0.6]);
