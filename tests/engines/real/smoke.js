// Runs in engines without modules, without WebAssembly and without a platform: a client of wasmqtt/miniprogram against a
// server in the same script. `library`: what its index.js exports; `finish`: takes the outcome as text.
// biome-ignore-all lint: old engines read this as it is
(function () {
  var failures = [];
  var received = [];
  var big = new Uint8Array(1 << 20);
  for (var i = 0; i < big.length; i++) big[i] = i * 7;

  /** A server that echoes every message, byte for byte, so with the packet identifier that the client gave it. */
  function connectSocket(options) {
    var listeners = {};
    var pending = new Uint8Array(0);
    function later(name, event) {
      setTimeout(function () {
        if (listeners[name]) listeners[name](event);
      }, 0);
    }
    function say(bytes) {
      later("Message", { data: new Uint8Array(bytes).buffer });
    }
    function packet(type, body, whole) {
      var at = body[0] * 256 + body[1];
      if (type === 1) say([0x20, 3, 0, 0, 0]);
      if (type === 3) {
        say(whole);
        var id = [body[2 + at], body[3 + at]];
        var qos = (whole[0] >> 1) & 3;
        if (qos === 1) say([0x40, 2, id[0], id[1]]);
        if (qos === 2) say([0x50, 2, id[0], id[1]]);
      }
      if (type === 5) say([0x62, 2, body[0], body[1]]);
      if (type === 6) say([0x70, 2, body[0], body[1]]);
      if (type === 8) say([0x90, 4, body[0], body[1], 0, 2]);
    }
    var task = {
      send: function (message) {
        var bytes = new Uint8Array(pending.length + message.data.byteLength);
        bytes.set(pending);
        bytes.set(new Uint8Array(message.data), pending.length);
        for (;;) {
          var length = 0;
          var head = 1;
          for (var shift = 0; head < bytes.length; shift += 7) {
            var byte = bytes[head++];
            length += (byte & 127) * Math.pow(2, shift);
            if (byte < 128) break;
          }
          if (head === 1 || head + length > bytes.length) break;
          packet(bytes[0] >> 4, bytes.subarray(head, head + length), bytes.slice(0, head + length));
          bytes = bytes.slice(head + length);
        }
        pending = bytes;
        if (message.success) message.success({});
      },
      close: function (how) {
        if (how.success) how.success({});
        later("Close", { code: 1000, reason: "" });
      },
    };
    ["Open", "Message", "Error", "Close"].forEach(function (name) {
      task["on" + name] = function (listener) {
        listeners[name] = listener;
      };
    });
    if (options.success) options.success({ socketTaskId: 1 });
    later("Open", { header: { "Sec-WebSocket-Protocol": "mqtt" } });
    return task;
  }

  var topic = "héllo/收费站/🛣";
  library
    .connect("wss://broker.example/mqtt", {
      host: { connectSocket: connectSocket },
      platform: "qq",
      clientId: "real",
    })
    .then(function (client) {
      function publish(qos, payload) {
        return client.publish(topic, payload, { qos: qos });
      }
      return client
        .subscribe("héllo/#", { qos: 2 }, function (message) {
          var whole = message.payload.length === big.length;
          for (var i = 0; whole && i < big.length; i++) whole = message.payload[i] === big[i];
          received.push([message.topic, message.qos, whole ? "big" : message.text()]);
        })
        .then(function () {
          return publish(0, "zero");
        })
        .then(function () {
          return publish(1, "eins 一");
        })
        .then(function () {
          return publish(2, "deux 🛣");
        })
        .then(function () {
          return publish(1, big);
        })
        .then(function () {
          return client.publish("a/#", "x");
        })
        .catch(function (error) {
          failures.push(error.code + (error instanceof library.MqttError ? "" : ", not an MqttError"));
        })
        .then(function () {
          return new Promise(function (done) {
            setTimeout(done, 20);
          });
        })
        .then(function () {
          return client.close();
        })
        .then(function () {
          finish(
            JSON.stringify({
              engine: client.engine,
              state: client.state,
              received: received,
              failures: failures,
            }),
          );
        });
    })
    .catch(function (error) {
      for (var text = "failed:"; error; error = error.cause) text += "\n" + error + "\n" + error.stack;
      finish(text);
    });
})();
