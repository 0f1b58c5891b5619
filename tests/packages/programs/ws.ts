import { Receiver, Sender, WebSocketServer } from "ws";

export default () => {
  const server = new WebSocketServer({ noServer: true });
  return [
    server.clients.size,
    typeof Receiver,
    Sender.frame(Buffer.from("tea"), { fin: true, opcode: 1 }).map((b: Uint8Array) => [...b]),
  ];
};
