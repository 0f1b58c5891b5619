import picomatch from "picomatch";

export default () => {
  const isMatch = picomatch(["*.js", "!b.*"]);
  return [
    isMatch("a.js"),
    picomatch.isMatch("a/b/c.md", "**/*.{md,txt}"),
    picomatch.makeRe("*.tar.?z").source,
  ];
};
