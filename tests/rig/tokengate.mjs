// A gate before a broker that lets clients in with tokens that expire, and throws out whoever stays longer.
// A token is the time at which it expires, in milliseconds since 1970, as the password of CONNECT.
import { createServer } from "node:http";
import { connect } from "node:net";
import { WebSocketServer } from "ws";
import { connack, levelOf, takePacket } from "./packets.mjs";
import { listen } from "./rig.mjs";

const BAD_PASSWORD = { 4: 4, 5: 0x86 };

/** Starts the gate. Resolves with `{ port, entries, stop() }`: `entries` tell of each CONNECT what became of it. */
export async function startTokenGate({ brokerPort }) {
  const server = createServer((_request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({ server, handleProtocols: () => "mqtt" });
  const entries = [];
  sockets.on("connection", (socket) => {
    const broker = connect(brokerPort, "127.0.0.1");
    const end = () => {
      broker.destroy();
      socket.terminate();
    };
    let opening = Buffer.alloc(0);
    let expiry;
    broker.on("data", (bytes) => socket.send(bytes));
    broker.on("error", end);
    broker.on("close", end);
    socket.on("error", end);
    socket.on("close", () => {
      clearTimeout(expiry);
      end();
    });
    socket.on("message", (bytes) => {
      if (!opening) return broker.write(bytes);
      opening = Buffer.concat([opening, bytes]);
      const packet = takePacket(opening)?.packet;
      if (!packet) return;
      const token = Number(passwordOf(packet));
      const entry = { token, isGood: token > Date.now(), expired: false };
      entries.push(entry);
      if (!entry.isGood) {
        socket.send(connack(levelOf(packet), { code: BAD_PASSWORD[levelOf(packet)] }));
        return socket.close();
      }
      broker.write(opening);
      opening = undefined;
      expiry = setTimeout(() => {
        entry.expired = true;
        end();
      }, token - Date.now());
    });
  });
  const port = await listen(server);
  const stop = async () => {
    for (const socket of sockets.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, entries, stop };
}

/** The password of a CONNECT that has a user name and no Will. */
function passwordOf(connect) {
  const { body } = connect;
  let at = 10;
  if (levelOf(connect) === 5) at += 1 + body[10]; // properties of less than 128 bytes
  for (let skip = 0; skip < 2; skip++) at += 2 + body.readUInt16BE(at); // Client Identifier, user name
  return body.subarray(at + 2, at + 2 + body.readUInt16BE(at)).toString();
}
