import { marked } from "marked";

export default () =>
  marked.parse("# Tea\n\n- *green*\n- **black**\n\n`code` and [a link](https://example.com)");
