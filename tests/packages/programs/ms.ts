import ms from "ms";

export default () => [ms("2 days"), ms("1.5h"), ms(60_000), ms(2 * 60_000, { long: true })];
