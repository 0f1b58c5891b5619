import { Writable } from "node:stream";
import winston from "winston";

export default async () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(`${chunk}`.trim());
      done();
    },
  });
  const logger = winston.createLogger({
    level: "info",
    format: winston.format.combine(winston.format.splat(), winston.format.json()),
    defaultMeta: { service: "shop" },
    transports: [new winston.transports.Stream({ stream })],
  });
  logger.info("order %d", 7);
  logger.debug("not said");
  logger.child({ user: "ada" }).error("no tea");
  await new Promise((resolve) => setTimeout(resolve, 5));
  return lines;
};
