import { minify } from "uglify-js";

export default () => minify("let first = 1; first + 1;").code;
