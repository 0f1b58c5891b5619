import nodemailer from "nodemailer";

export default async () => {
  const transport = nodemailer.createTransport({
    streamTransport: true,
    buffer: true,
    newline: "unix",
  });
  const sent = await transport.sendMail({
    from: "shop@example.com",
    to: "Ada <ada@example.com>",
    subject: "Your tea – ready",
    text: "Come by.",
    messageId: "<1@example.com>",
    date: new Date(0),
  });
  return [sent.envelope, `${sent.message}`];
};
