// A server whose every path is one misbehaviour, from the answer to a GET to frames that no WebSocket may carry.
import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { listen } from "./rig.mjs";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const accept = (key) => createHash("sha1").update(`${key}${GUID}`).digest("base64");

/** An unmasked binary or other frame of a server. `first` is FIN, RSV bits and opcode. */
const frame = (first, ...bytes) => Buffer.from([first, bytes.length, ...bytes]);

/** Takes the upgrade. `headers` replace what a good answer has; undefined leaves one out. */
function open(request, socket, headers = {}) {
  const answer = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": accept(request.headers["sec-websocket-key"]),
    "Sec-WebSocket-Protocol": request.headers["sec-websocket-protocol"]?.split(",")[0],
    ...headers,
  };
  const lines = Object.entries(answer).flatMap(([name, value]) => (value ? [`${name}: ${value}`] : []));
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
  socket.on("data", (bytes) => bytes[0] === 0x88 && socket.end()); // a browser waits a minute for this answer
}

/** After the upgrade and the client's first frame, which is CONNECT. */
const afterConnect = (act) => (request, socket) => {
  open(request, socket);
  socket.once("data", () => act(socket, request));
};

/** Path → what happens to an upgrade request there. */
const upgrades = {
  "/hang": () => {},
  "/close": (_request, socket) => socket.end(),
  "/other-subprotocol": (request, socket) => open(request, socket, { "Sec-WebSocket-Protocol": "chat" }),
  "/no-subprotocol": (request, socket) => open(request, socket, { "Sec-WebSocket-Protocol": undefined }),
  "/wants-subprotocol": (request, socket) =>
    request.headers["sec-websocket-protocol"]
      ? open(request, socket)
      : socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  "/bad-accept": (request, socket) => open(request, socket, { "Sec-WebSocket-Accept": accept("other") }),
  "/no-upgrade-header": (request, socket) => open(request, socket, { Upgrade: undefined }),
  "/unknown-extension": (request, socket) =>
    open(request, socket, { "Sec-WebSocket-Extensions": "x-unknown" }),
  "/silent": (request, socket) => open(request, socket),
  "/drop-after-connect": afterConnect((socket) => socket.end()),
  "/close-1008": afterConnect((socket) => socket.end(frame(0x88, 0x03, 0xf0, ...Buffer.from("not you")))),
  "/close-1009": afterConnect((socket) => socket.end(frame(0x88, 0x03, 0xf1))),
  "/text": afterConnect((socket) => socket.write(frame(0x81, ...Buffer.from("hello")))),
  "/json": afterConnect((socket) => socket.write(frame(0x82, ...Buffer.from('{"hello":1}')))),
  "/suback": afterConnect((socket) => socket.write(frame(0x82, 0x90, 0x03, 0x00, 0x01, 0x00))),
  "/bad-frame": afterConnect((socket) => socket.write(frame(0x83, 1, 2))),
};

/**
 * Starts the server. GET of `/status/N` answers with that status, with `?cors` readable for every origin; of the other
 * paths 426, of `/hang` and `/close` nothing. `silentPort` takes connections and says nothing, `finPort` and `rstPort`
 * end them at once. Resolves with `{ port, silentPort, finPort, rstPort, stop() }`.
 */
export async function startFaultServer() {
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  const server = createHttpServer((request, response) => {
    const { pathname, search } = new URL(request.url, "http://localhost");
    if (pathname === "/hang") return;
    if (pathname === "/close") return request.socket.destroy();
    const status = Number(pathname.match(/^\/status\/(\d+)/)?.[1] ?? 426);
    if (search === "?cors") response.setHeader("Access-Control-Allow-Origin", "*");
    if (status >= 300 && status < 400) response.setHeader("Location", "/elsewhere");
    response.writeHead(status).end("not a WebSocket\n");
  });
  server.on("connection", keep);
  server.on("upgrade", (request, socket) => {
    const { pathname, search } = new URL(request.url, "http://localhost");
    const status = pathname.match(/^\/status\/(\d+)/)?.[1];
    const act = upgrades[pathname];
    if (act) return act(request, socket);
    const cors = search === "?cors" ? "Access-Control-Allow-Origin: *\r\n" : "";
    const location = status?.startsWith("3") ? "Location: /elsewhere\r\n" : "";
    socket.end(
      `HTTP/1.1 ${status ?? 404} No\r\n${cors}${location}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    );
  });
  const bare = {
    silentPort: createTcpServer((socket) => socket.resume()),
    finPort: createTcpServer((socket) => socket.end()),
    rstPort: createTcpServer((socket) => socket.resetAndDestroy()),
  };
  const ports = { port: await listen(server) };
  for (const [name, tcp] of Object.entries(bare)) {
    tcp.on("connection", keep);
    ports[name] = await listen(tcp);
  }
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    const ends = [server, ...Object.values(bare)].map((one) => new Promise((done) => one.close(done)));
    await Promise.all(ends);
  };
  return { ...ports, stop };
}
