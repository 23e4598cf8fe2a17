import assert from "node:assert/strict";
import test from "node:test";
import { brokerHost, brokerPort, parseOptions } from "../../www-demo/server/options.mjs";

test("without arguments: the usual port, a private broker, devices", () => {
  const expected = { help: false, broker: undefined, port: 8443, host: "127.0.0.1", devices: true };
  assert.deepEqual(parseOptions([]), expected);
});

test("a visitor's broker gets no simulated devices unless asked for", () => {
  assert.equal(parseOptions(["--broker", "mqtt://localhost"]).devices, false);
  assert.equal(parseOptions(["--broker", "mqtt://localhost", "--devices"]).devices, true);
  assert.equal(parseOptions(["--no-devices"]).devices, false);
});

test("broker URLs: scheme, host and port", () => {
  const at = (url) => {
    const { broker } = parseOptions(["--broker", url]);
    return [brokerHost(broker), brokerPort(broker)];
  };
  assert.deepEqual(at("mqtt://broker.test"), ["broker.test", 1883]);
  assert.deepEqual(at("mqtts://[::1]"), ["::1", 8883]);
  assert.deepEqual(at("ws://localhost:9001/mqtt"), ["localhost", 9001]);
  assert.deepEqual(at("wss://localhost"), ["localhost", 443]);
});

const WRONG = [
  [["--broker", "localhost:1883"], /takes a URL/],
  [["--broker", "http://localhost"], /takes a URL/],
  [["--broker", "mqtt://ada:secret@localhost"], /user name or password/],
  [["--port", "70000"], /65535/],
  [["--port", "80x"], /65535/],
  [["--colour"], /--help/],
  [["extra"], /--help/],
];
for (const [argv, message] of WRONG) {
  test(`refused: ${argv.join(" ")}`, () => {
    assert.throws(() => parseOptions(argv), message);
  });
}

test("a refused broker URL does not repeat its password", () => {
  assert.throws(
    () => parseOptions(["--broker", "mqtt://ada:hunter2@localhost"]),
    (error) => !/hunter2/.test(error.message),
  );
});
