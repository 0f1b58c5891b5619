import semver from "semver";

export default () => [
  semver.satisfies("1.4.2", "^1.2"),
  semver.maxSatisfying(["1.0.0", "1.9.1", "2.0.0"], "1.x"),
  semver.inc("1.2.3", "minor"),
  semver.coerce("v3.1 beta")?.version,
  semver.sort(["2.0.0", "1.0.0-rc.1", "1.0.0"]),
];
