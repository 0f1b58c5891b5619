import leven, { closestMatch } from "leven";

export default () => [leven("kitten", "sitting"), closestMatch("tee", ["tea", "rice", "salt"])];
