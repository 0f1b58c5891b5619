import mime from "mime";

export default () => [
  mime.getType("page.html"),
  mime.getType("txt"),
  mime.getExtension("image/svg+xml"),
  mime.getType("none.zzz"),
];
