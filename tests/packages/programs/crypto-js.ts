import CryptoJS from "crypto-js";

export default () => {
  const sealed = CryptoJS.AES.encrypt("attack at noon", "pass phrase").toString();
  return [
    CryptoJS.SHA256("tea").toString(),
    CryptoJS.HmacSHA1("tea", "key").toString(CryptoJS.enc.Base64),
    CryptoJS.AES.decrypt(sealed, "pass phrase").toString(CryptoJS.enc.Utf8),
  ];
};
