import mime from "mime-types";

export default () => [
  mime.lookup("a.json"),
  mime.contentType("notes.md"),
  mime.extension("text/csv"),
  mime.charset("text/html"),
];
