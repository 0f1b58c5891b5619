import "reflect-metadata";
import { Container, decorate, inject, injectable } from "inversify";

class Blade {
  readonly cut = "cuts";
}
class Cook {
  constructor(readonly blade: Blade) {}
}
decorate(injectable(), Blade);
decorate(injectable(), Cook);
decorate(inject("blade"), Cook, 0);

export default () => {
  const container = new Container();
  container.bind("blade").to(Blade).inSingletonScope();
  container.bind(Cook).toSelf();
  return [container.get(Cook).blade.cut, container.get(Cook).blade === container.get("blade")];
};
