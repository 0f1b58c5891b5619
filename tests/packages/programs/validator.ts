import validator from "validator";

export default () => [
  validator.isEmail("ada@example.com"),
  validator.isIBAN("GB33BUKB20201555555555"),
  validator.escape("<b>'hi'</b>"),
  validator.normalizeEmail("Ada.L+x@GMAIL.com"),
  validator.isURL("http://"),
];
