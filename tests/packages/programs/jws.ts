import jws from "jws";

export default () => {
  const signature = jws.sign({ header: { alg: "HS256" }, payload: "tea", secret: "s3cret" });
  return [signature, jws.verify(signature, "HS256", "s3cret"), jws.decode(signature)];
};
