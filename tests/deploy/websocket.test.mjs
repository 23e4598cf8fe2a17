// The two MQTT locations as they ship, asked by bare WebSocket handshakes and by requests that are none.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { which } from "../../scripts/lib/which.mjs";
import { shipped } from "../rig/deployed/copy.mjs";
import { startDeployedNginx } from "../rig/deployed/nginx.mjs";
import { freePort, listen, openRig } from "../rig/rig.mjs";
import { event, eventually, get, handshake, startGateway } from "./support.mjs";

const root = shipped("www");
const HEADERS_MORE = "/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so";

/** A server in the broker's place that refuses every handshake and keeps its headers. */
async function startListener(
  answer = (socket) => socket.end("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
) {
  const requests = [];
  const server = createServer();
  server.on("upgrade", (request, socket) => {
    requests.push(request);
    answer(socket);
  });
  const port = await listen(server);
  const stop = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { port, requests, stop };
}

/** What both ways of taking the subprotocol out of the answer must do. */
function tellsSubprotocols(location) {
  const cases = [
    ["web", ["mqtt"], 101, "mqtt"],
    ["web", ["mqttv3.1"], 101, "mqttv3.1"],
    ["web", ["mqtt", "mqttv3.1"], 101, "mqtt"],
    ["web", ["other", "mqtt"], 101, "mqtt"],
    ["web", [], 400],
    ["web", ["mqttv5.0"], 400],
    ["mini", [], 101, undefined],
    ["mini", ["mqtt"], 101, "mqtt"],
    ["mini", ["mqttv3.1"], 101, "mqttv3.1"],
    ["mini", ["mqtt", "mqttv3.1"], 101, "mqtt"],
  ];
  for (const [name, offered, status, subprotocol] of cases) {
    const answer = status === 101 ? `opens with ${subprotocol ?? "no subprotocol"}` : status;
    it(`${name}: ${offered.join(", ") || "nothing"} is offered: ${answer}`, async () => {
      const seen = await handshake(location(name), offered);
      assert.deepEqual([seen.status, seen.subprotocol], [status, subprotocol]);
      if (status !== 101)
        return assert.match(seen.body, /Offer the subprotocol mqtt, or connect to \/mqtt-mini/);
      seen.socket.terminate();
    });
  }
}

describe("the two locations", () => {
  const rig = openRig();
  after(rig.stop);
  let nginx;
  before(async () => {
    ({ nginx } = await startGateway(rig, { root }));
  });

  tellsSubprotocols((name) => nginx[name]);

  it("a cookie that is too long for Mosquitto does no harm", async () => {
    const { status, socket } = await handshake(nginx.web, ["mqtt"], {
      Cookie: `session=${"x".repeat(6000)}`,
    });
    assert.equal(status, 101);
    socket.terminate();
  });

  for (const path of ["/mqtt", "/mqtt-mini"]) {
    it(`GET ${path} without a WebSocket says what the path is for`, async () => {
      const { status, headers, body } = await get(nginx.origin + path);
      assert.deepEqual([status, headers.upgrade], [426, "websocket"]);
      assert.match(headers["content-type"], /^text\/plain/);
      assert.ok(body.includes(`wss://localhost:${nginx.port}${path}`), body);
      // Pages of other origins may read the status, which wasmqtt/diagnose does.
      assert.equal(headers["access-control-allow-origin"], "*");
    });
  }

  for (const path of ["/", "/mqtt/", "/ws", "/wssWeb/"]) {
    it(`a WebSocket at ${path} is told the right paths`, async () => {
      const { status, body } = await handshake(`wss://localhost:${nginx.port}${path}`, ["mqtt"]);
      assert.equal(status, 404);
      assert.match(body, /Web pages connect to \/mqtt, mini-programs to \/mqtt-mini/);
    });
  }
});

describe("what the broker sees", () => {
  const rig = openRig();
  after(rig.stop);
  let nginx;
  let listener;
  before(async () => {
    listener = await rig.use(startListener());
    nginx = await rig.use(startDeployedNginx({ brokerPort: listener.port, root }));
  });

  for (const [name, offered, expected] of [
    ["web", ["mqtt"], "mqtt"],
    ["web", ["mqtt", "mqttv3.1"], "mqtt"],
    ["mini", [], "mqtt"],
    ["mini", ["other"], "mqtt"],
    ["mini", ["mqttv3.1"], "mqttv3.1"],
  ]) {
    it(`${name}: ${offered.join(", ") || "nothing"} becomes ${expected}`, async () => {
      await handshake(nginx[name], offered);
      assert.equal(listener.requests.at(-1).headers["sec-websocket-protocol"], expected);
    });
  }

  it("who the client really is, and no cookie", async () => {
    const lies = { "X-Real-IP": "203.0.113.9", "X-Forwarded-For": "203.0.113.9", Cookie: "session=1" };
    await handshake(nginx.web, ["mqtt"], lies);
    const { headers } = listener.requests.at(-1);
    assert.equal(headers["x-real-ip"], "127.0.0.1");
    assert.equal(headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(headers["x-forwarded-proto"], "https");
    assert.equal(headers.host, `localhost:${nginx.port}`);
    assert.equal(headers.cookie, undefined);
  });
});

describe("a broker that is not there", () => {
  const rig = openRig();
  after(rig.stop);

  for (const [what, answer] of [
    ["refuses connections", undefined],
    ["hangs up", (socket) => socket.destroy()],
  ]) {
    it(`${what}: 502 in words`, async () => {
      const brokerPort = answer ? (await rig.use(startListener(answer))).port : await freePort();
      const nginx = await rig.use(startDeployedNginx({ brokerPort, root }));
      for (const url of [nginx.web, nginx.mini]) {
        const { status, headers, body } = await handshake(url, ["mqtt"]);
        assert.equal(status, 502);
        assert.match(body, /The MQTT broker does not answer, or it hung up/);
        assert.equal(headers["access-control-allow-origin"], "*");
      }
    });
  }
});

describe("options of nginx for MQTT", () => {
  const rig = openRig();
  after(rig.stop);

  it("pages of some origins only", async () => {
    const { nginx } = await startGateway(rig, {
      root,
      changes: [
        ["default 1;", ""],
        ["# default 0; ", "default 0; "],
      ],
    });
    const origin = (Origin) => handshake(nginx.web, ["mqtt"], { Origin });
    for (const stranger of ["https://evil.example", "https://push.example.com.evil.example", "null"]) {
      const { status, body } = await origin(stranger);
      assert.deepEqual([status, body], [403, "Pages of this origin may not connect here.\n"], stranger);
    }
    const ours = await origin("https://push.example.com");
    assert.equal(ours.status, 101);
    ours.socket.terminate();
    // A mini-program has no origin of its own.
    const mini = await handshake(nginx.mini);
    assert.equal(mini.status, 101);
    mini.socket.terminate();
  });

  it("so many connections for one address, counted while they last", async () => {
    const { nginx } = await startGateway(rig, {
      root,
      changes: [["limit_conn mqtt_open 200;", "limit_conn mqtt_open 2;"]],
    });
    const first = await handshake(nginx.web, ["mqtt"]);
    const second = await handshake(nginx.mini);
    assert.deepEqual([first.status, second.status], [101, 101]);
    const { status, headers, body } = await handshake(nginx.web, ["mqtt"]);
    assert.deepEqual(
      [status, headers["retry-after"], body],
      [429, "10", "Too many connections from this address.\n"],
    );
    assert.equal((await get(`${nginx.origin}/`)).status, 200, "pages do not count");
    first.socket.terminate();
    // nginx notices the end of a connection when it does.
    await eventually(async () => {
      const again = await handshake(nginx.web, ["mqtt"]);
      again.socket?.terminate();
      return again.status === 101;
    }, "a free place");
    second.socket.terminate();
  });

  it("so many new connections in a time", async () => {
    const { nginx } = await startGateway(rig, {
      root,
      changes: [
        ["# limit_req_zone", "limit_req_zone"],
        ["# limit_req zone", "limit_req zone"],
        ["rate=5r/s", "rate=1r/m"],
        ["burst=20 nodelay", "burst=2 nodelay"],
      ],
    });
    const statuses = [];
    for (let n = 0; n < 5; n++) {
      const { status, socket } = await handshake(nginx.web, ["mqtt"]);
      socket?.terminate();
      statuses.push(status);
    }
    assert.deepEqual(statuses, [101, 101, 101, 429, 429]);
  });

  it("the paths of the old recipe", async () => {
    const { nginx } = await startGateway(rig, { root, changes: [["# location /wss", "location /wss"]] });
    const web = await handshake(`wss://localhost:${nginx.port}/wssWeb/`, ["mqtt"]);
    const mini = await handshake(`wss://localhost:${nginx.port}/wss/`);
    assert.deepEqual([web.status, web.subprotocol], [101, "mqtt"]);
    assert.deepEqual([mini.status, mini.subprotocol], [101, undefined]);
    for (const { socket } of [web, mini]) socket.terminate();
  });

  it("behind a load balancer, the broker hears of the client", async () => {
    const listener = await rig.use(startListener());
    const changes = [
      ["# set_real_ip_from", "set_real_ip_from"],
      ["10.0.0.0/8", "127.0.0.1"],
    ];
    const nginx = await rig.use(startDeployedNginx({ brokerPort: listener.port, root, changes }));
    await handshake(nginx.web, ["mqtt"], { "X-Forwarded-For": "198.51.100.1, 203.0.113.9" });
    assert.equal(listener.requests.at(-1).headers["x-forwarded-for"], "203.0.113.9");
  });

  describe("headers-more instead of proxy_hide_header", () => {
    let nginx;
    before(async () => {
      assert.ok(which(HEADERS_MORE), `${HEADERS_MORE} is missing: npm run setup`);
      const clear = 'more_set_headers "Sec-WebSocket-Protocol: $mqtt_subprotocol";';
      ({ nginx } = await startGateway(rig, {
        root,
        changes: [
          ["include modules-enabled/*.conf;", `load_module ${HEADERS_MORE};`],
          ["proxy_hide_header Sec-WebSocket-Protocol;", ""],
          ["add_header Sec-WebSocket-Protocol $mqtt_subprotocol always;", clear],
        ],
      }));
    });
    tellsSubprotocols((name) => nginx[name]);
  });

  it("nginx waits for silent connections as long as it says", async () => {
    // What a proxy of another hand does in 60 s, here in one: nobody is told why.
    const changes = [["proxy_read_timeout 200s;", "proxy_read_timeout 1s;"]];
    const { nginx } = await startGateway(rig, { root, changes });
    const { socket } = await handshake(nginx.mini);
    assert.equal(await event(socket, "close"), 1006);
  });
});
