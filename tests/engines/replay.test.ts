// The same traffic through the engine in its forms: every byte out, every record, every timer must be the same.
import assert from "node:assert/strict";
import fs from "node:fs";
import { before, describe, test } from "node:test";
import type { ClientOptions } from "../../js/src/options.js";
import { at } from "../../scripts/lib/paths.mjs";
import { type Flavour, portableFlavours, webFlavours } from "./support/flavours.js";
import { play } from "./support/play.js";
import { Server } from "./support/server.js";
import { World } from "./support/world.js";

let all: Flavour[];
before(async () => {
  all = [...(await webFlavours()), ...(await portableFlavours())];
});

type Script = (world: World) => Promise<void>;

/** Runs the script with each flavour; all logs must be that of the web's, and `proves` must hold for it. */
async function same(
  options: ClientOptions,
  script: Script,
  proves: (log: string[]) => void,
  given = all,
): Promise<void> {
  const isWhole = options.store !== undefined || options.authenticator !== undefined;
  const engines = given.filter(({ name }) => name !== "light" || !isWhole);
  const logs: string[][] = [];
  for (const flavour of engines) {
    const world = new World(flavour, options);
    world.clock.install();
    try {
      await script(world);
      world.engine.free();
      await world.settle();
    } finally {
      world.clock.restore();
    }
    logs.push(world.log);
  }
  const [web, ...others] = logs as [string[], ...string[][]];
  proves(web);
  others.forEach((log, index) => {
    assert.deepEqual(log, web, `${engines[index + 1]?.name} differs from web`);
  });
}

const count = (log: string[], start: string) => log.filter((line) => line.startsWith(start)).length;
const SESSION = { clientId: "replay", cleanStart: false, reconnect: { jitter: 0.5 } } as const;

describe("the engines do the same", () => {
  for (const version of [4, 5] as const) {
    for (let seed = 1; seed <= 8; seed++) {
      test(`through schedule ${seed} of MQTT ${version === 5 ? "5.0" : "3.1.1"}`, async () => {
        const options: ClientOptions = {
          ...SESSION,
          protocolVersion: version,
          manualAck: seed % 3 === 0,
          ...(seed % 4 === 0 && { store: "indexeddb" as const }),
        };
        await same(
          options,
          (world) => play(world, version, seed),
          (log) => {
            assert.ok(count(log, "send ") > 20, "little was sent");
            assert.ok(count(log, "message ") > 5, "little was received");
            assert.ok(count(log, 'record {"kind":"completed"') > 5, "little was completed");
            assert.ok(count(log, "timer ") > 5, "few timers");
            assert.equal(count(log, "crashed"), 0);
          },
        );
      });
    }

    test(`with payloads that make memory grow, MQTT ${version === 5 ? "5.0" : "3.1.1"}`, async () => {
      const payload = Uint8Array.from({ length: 1 << 20 }, (_, index) => index * 7);
      const script: Script = async (world) => {
        const { memory } = world.flavour.glue;
        const server = new Server(world, version);
        await world.start();
        await world.open();
        await server.answer();
        world.call("subscribe", (raw, operation) => raw.subscribe(operation, ["big"], SUBSCRIBE));
        await world.settle();
        await server.answer();
        const size = memory.buffer.byteLength;
        for (let round = 0; round < 4; round++) {
          // Small calls between the large ones: views from before the growth would write beside the memory.
          world.call("publish", (raw, operation) =>
            raw.publish(operation, `small/${round}`, payload.slice(0, 20), 1, undefined),
          );
          world.call("publish", (raw, operation) => raw.publish(operation, "big", payload, 1, undefined));
          await world.settle();
          await server.answer();
          const bytes = server.bytes({
            cmd: "publish",
            topic: "big",
            payload: Buffer.from(payload),
            qos: 1,
            messageId: round + 1,
          });
          for (let from = 0; from < bytes.length; from += 300_000)
            await world.receive(bytes.subarray(from, from + 300_000));
          await server.answer();
        }
        const grown = memory.buffer.byteLength - size;
        assert.ok(grown > payload.length || world.flavour.name === "web", "memory has not grown");
      };
      await same(
        { ...SESSION, protocolVersion: version },
        script,
        (log) => {
          assert.equal(log.filter((line) => line.includes('"payload":"1048576:')).length, 4);
        },
        [...all.slice(0, 2), ...(await portableFlavours())],
      );
    });
  }

  for (const version of [4, 5] as const) {
    test(`whether or not it sees the payloads, MQTT ${version === 5 ? "5.0" : "3.1.1"}`, async () => {
      const sizes = [0, 33_000, 5, 70_000, 1, 1900, 2047, 40_000, 300, 100_000, 7, 32_768, 20];
      const play = async (world: World, pieces: number[]) => {
        const server = new Server(world, version);
        const publish = (size: number, index: number) =>
          server.bytes({
            cmd: "publish",
            topic: `large/${index}`,
            payload: Buffer.from(Uint8Array.from({ length: size }, (_, at) => at * 7 + index)),
            qos: index % 3,
            messageId: index + 1,
            properties: { contentType: "x".repeat(index % 4 === 0 ? 3000 : 3) },
          });
        await world.start();
        await world.open();
        await server.answer();
        const stream = Buffer.concat(sizes.map(publish));
        for (let at = 0, next = 0; at < stream.length; next++) {
          const piece = pieces[next % pieces.length] ?? stream.length;
          await world.receive(stream.subarray(at, at + piece));
          at += piece;
        }
        // The rest of a packet that breaks a rule is not read, however large it is.
        const bad = publish(50_000, 0);
        bad[4] = 0xff; // a topic longer than the packet
        bad[5] = 0xff;
        await world.receive(Buffer.concat([publish(40_000, 3), bad, publish(40_000, 3)]));
        await server.answer();
      };
      const told = (log: string[]) => log.filter((line) => /^(message|record|close)/.test(line));
      let asRead: string[] = [];
      for (const pieces of [
        [20_000],
        [1_000_000],
        [33_000, 90_000],
        [69_990, 40_001, 140_000],
        [200_000, 3],
      ]) {
        await same(
          { ...SESSION, protocolVersion: version },
          (world) => play(world, pieces),
          (log) => {
            const here = told(log);
            if (asRead.length === 0) asRead = here; // in pieces that are all read
            assert.equal(count(here, "message "), sizes.length + 1);
            assert.deepEqual(here, asRead);
          },
          all.slice(0, 1),
        );
      }
    });
  }

  test("with everything that a server may get wrong", async () => {
    const corpus = JSON.parse(fs.readFileSync(at("tests", "vectors", "corpus.json"), "utf8"));
    for (const { name, version, hex } of corpus) {
      const protocol = version === "5.0" ? 5 : 4;
      const script: Script = async (world) => {
        const server = new Server(world, protocol);
        await world.start();
        await world.open();
        await server.answer();
        world.tell("vector", name);
        await world.receive(Buffer.from(hex, "hex"));
        await world.advance(3_000);
      };
      await same({ ...SESSION, protocolVersion: protocol }, script, (log) => assert.ok(log.length > 5));
    }
  });

  test("with what the application may get wrong", async () => {
    const script: Script = async (world) => {
      const server = new Server(world, 5, {
        properties: { maximumPacketSize: 100, maximumQoS: 1, retainAvailable: false },
      });
      await world.start();
      await world.open();
      await server.answer();
      const publish = (topic: string, bytes: number, flags: number, properties?: object) =>
        world.call("publish", (raw, operation) =>
          raw.publish(operation, topic, new Uint8Array(bytes), flags, properties),
        );
      publish("", 1, 0);
      publish("a/#", 1, 0);
      publish("nul\0", 1, 0);
      publish("x".repeat(70_000), 1, 0);
      publish("收费站/🛣️", 1, 1, { contentType: "é", userProperties: ["a", "b", "c", "d"] });
      publish("large", 200, 1);
      publish("quality", 1, 2);
      publish("kept", 1, 4);
      world.call("subscribe", (raw, operation) => raw.subscribe(operation, ["a/#/b"], SUBSCRIBE));
      world.call("subscribe", (raw, operation) => raw.subscribe(operation, [], SUBSCRIBE));
      world.call("unsubscribe", (raw, operation) => raw.unsubscribe(operation, Uint32Array.of(99), {}));
      world.call("cancel", (raw) => raw.cancel(12_345));
      world.call("acknowledge", (raw) => raw.acknowledge(99, 0));
      await world.settle();
      await server.answer();
    };
    await same({ ...SESSION, protocolVersion: 5 }, script, (log) => {
      assert.ok(log.filter((line) => line.includes("throws")).length >= 6);
    });
  });
});

const SUBSCRIBE = { qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 };
