import bcrypt from "bcrypt";

export default () => bcrypt.hash("open sesame", 4);
