import chalk, { Chalk } from "chalk";

export default () => [chalk.red("alarm"), new Chalk({ level: 1 }).bold.green("fine")];
