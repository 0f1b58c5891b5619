import sanitize from "sanitize-html";

export default () => [
  sanitize('<p onclick="x()">Hi <script>alert(1)</script><b>you</b></p>'),
  sanitize('<a href="javascript:x" title="t">l</a><img src="a.png">', {
    allowedTags: ["a", "img"],
    allowedAttributes: { a: ["href"], img: ["src"] },
  }),
];
