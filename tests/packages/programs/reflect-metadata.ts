import "reflect-metadata";

export default () => {
  class Shop {
    sell(): void {}
  }
  Reflect.defineMetadata("role", "cook", Shop.prototype, "sell");
  Reflect.metadata("kind", "small")(Shop);
  return [
    Reflect.getMetadata("role", Shop.prototype, "sell"),
    Reflect.getMetadataKeys(Shop),
    Reflect.hasMetadata("none", Shop),
  ];
};
