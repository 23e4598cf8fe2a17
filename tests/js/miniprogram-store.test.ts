import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "../../js/src/miniprogram/base64.js";
import { decodeBatch, encodeBatch } from "../../js/src/miniprogram/batches.js";
import { LogStore } from "../../js/src/miniprogram/log.js";
import { type TextStorage, textStorage } from "../../js/src/miniprogram/storage.js";
import type { StoreChange } from "../../js/src/store/types.js";

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

const bytes = (length: number, seed = length) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 255);

/** A storage that stops working after `steps` changes, or holds no more than `room` letters. */
function storage(cells: Map<string, string>, { steps = Infinity, room = Infinity } = {}): TextStorage {
  let left = steps;
  const change = (run: () => void) => {
    if (left-- <= 0) throw new Error("killed");
    run();
  };
  return {
    keys: () => [...cells.keys()],
    get: (key) => cells.get(key),
    remove: (key) => change(() => cells.delete(key)),
    set: (key, text) =>
      change(() => {
        let size = text.length;
        for (const [other, value] of cells) if (other !== key) size += value.length;
        if (size > room) throw Object.assign(new Error("full"), { name: "QuotaExceededError" });
        cells.set(key, text);
      }),
  };
}

type State = ReadonlyMap<number, string>;
const read = (store: LogStore): State =>
  new Map([...store.load()].sort(([a], [b]) => a - b).map(([key, record]) => [key, toBase64(record)]));

function applied(state: State, changes: readonly StoreChange[], all: boolean): State {
  const next = new Map(all ? [] : state);
  for (const [key, record] of changes) {
    if (record) next.set(key, toBase64(record));
    else next.delete(key);
  }
  return new Map([...next].sort(([a], [b]) => a - b));
}

/** Puts, replacements and removals like those of a client: mostly the oldest go, a few stay; some are large. */
function* writes(seed: number, count: number): Generator<[StoreChange[], boolean]> {
  const random = numbers(seed);
  const known: number[] = [];
  let newest = 0;
  for (let n = 0; n < count; n++) {
    const changes: StoreChange[] = [];
    for (let i = random(3); i >= 0; i--) {
      const size = random(20) === 0 ? 140_000 + random(150_000) : random(2000);
      if (known.length > 5 && random(2)) changes.push([known.splice(random(3), 1)[0] ?? 0, undefined]);
      else {
        const key = known.length > 0 && random(4) === 0 ? (known[random(known.length)] ?? 0) : ++newest;
        if (!known.includes(key)) known.push(key);
        changes.push([key, bytes(size, n)]);
      }
    }
    yield [changes, random(25) === 0];
  }
}

test("Base64 as everybody else writes and reads it", () => {
  for (let length = 0; length < 200; length++) {
    const text = Buffer.from(bytes(length)).toString("base64");
    assert.equal(toBase64(bytes(length)), text);
    assert.deepEqual(fromBase64(text), bytes(length));
    assert.deepEqual(fromBase64(text.replace(/=/g, "")), bytes(length));
  }
  const large = bytes(1_000_003);
  assert.deepEqual(fromBase64(toBase64(large)), large);
  for (const text of ["a", "ab=c", "a b=", "ä===", "ab\u0100d", "{}"])
    assert.equal(fromBase64(text), undefined, text);
});

test("a batch comes back as it was, in parts that fit under a key of every platform", () => {
  const changes: StoreChange[] = [
    [0, bytes(0)],
    [2 ** 53 - 1, bytes(500_000)],
    [7, undefined],
  ];
  for (const all of [false, true]) {
    const texts = encodeBatch({ all, changes });
    assert.equal(texts.length, 4);
    for (const text of texts) assert.ok(text.length < 200_000 - 100);
    assert.deepEqual(decodeBatch(texts), { all, changes });
    assert.equal(decodeBatch(texts.slice(0, 2)), undefined);
  }
  assert.deepEqual(decodeBatch(encodeBatch({ all: true, changes: [] })), { all: true, changes: [] });
});

test("what was written is read, also by the next one, and what is of no use goes", () => {
  for (let seed = 1; seed <= 3; seed++) {
    const cells = new Map<string, string>([["b|0", "theirs"]]);
    const store = new LogStore(storage(cells), "a");
    let expected = read(store);
    for (const [changes, all] of writes(seed, 100)) {
      store.write(changes, all);
      expected = applied(expected, changes, all);
      assert.deepEqual(read(new LogStore(storage(new Map(cells)), "a")), expected);
      let used = 0;
      for (const [key, text] of cells) if (key !== "b|0") used += text.length;
      const needed = [...expected.values()].reduce((sum, text) => sum + text.length, 0);
      assert.ok(used <= 3 * needed + 900_000, `${used} letters for ${needed}`);
    }
    store.write([], true);
    assert.ok(cells.size <= 2);
    assert.equal(cells.get("b|0"), "theirs");
  }
});

test("killed at any moment, a write has happened or not", () => {
  const plan = [...writes(9, 30)];
  const total = (() => {
    let steps = 0;
    const cells = storage(new Map());
    const counted = { ...cells, set: count(cells.set), remove: count(cells.remove) };
    function count<A extends unknown[]>(run: (...parameters: A) => void) {
      return (...parameters: A) => {
        steps++;
        run(...parameters);
      };
    }
    const store = new LogStore(counted, "a");
    for (const [changes, all] of plan) store.write(changes, all);
    return steps;
  })();
  assert.ok(total > 50);
  for (let steps = 0; steps < total; steps++) {
    const cells = new Map<string, string>();
    const store = new LogStore(storage(cells, { steps }), "a");
    let before = read(store);
    let after = before;
    try {
      for (const [changes, all] of plan) {
        before = after;
        after = applied(before, changes, all);
        store.write(changes, all);
      }
    } catch (error) {
      assert.match(String(error), /killed/);
    }
    const found = JSON.stringify([...read(new LogStore(storage(cells), "a"))]);
    const either = [before, after].map((state) => JSON.stringify([...state]));
    assert.ok(either.includes(found), `after ${steps} changes`);
  }
});

test("where there is no room a write fails as a whole, and room that is of no use is used", () => {
  const cells = new Map<string, string>();
  const store = new LogStore(storage(cells, { room: 300_000 }), "a");
  let expected = read(store);
  let failed = 0;
  for (const [changes, all] of writes(4, 150)) {
    try {
      store.write(changes, all);
      expected = applied(expected, changes, all);
    } catch (error) {
      failed++;
      assert.equal((error as Error).name, "QuotaExceededError");
    }
    assert.deepEqual(read(new LogStore(storage(new Map(cells)), "a")), expected);
  }
  assert.ok(failed > 5, "it was full");
  store.write([[1, bytes(200_000)]], true);
});

test("a storage that answers what is wrong, or throws it, with a name for what is full", () => {
  const of = (setStorageSync: () => unknown) => {
    const host = {
      connectSocket() {},
      setStorageSync,
      getStorageSync: () => "",
      removeStorageSync() {},
      getStorageInfoSync: () => ({}),
    };
    return (platform: "wx" | "my") => textStorage(host, platform);
  };
  const thrown = (error: unknown) => () => {
    throw error;
  };
  for (const [failing, name] of [
    [() => ({ error: 14, errorMessage: "?" }), "QuotaExceededError"],
    [() => ({ error: 12, errorMessage: "?" }), "QuotaExceededError"],
    [() => ({ error: 2, errorMessage: "?" }), "StorageError"],
    [thrown(new Error("setStorageSync:fail exceed storage max size 10Mb")), "QuotaExceededError"],
    [thrown({ errMsg: "setStorage:fail quota reached" }), "QuotaExceededError"],
    [thrown(new Error("setStorageSync:fail internal")), "StorageError"],
    [thrown("no"), "StorageError"],
  ] as const) {
    assert.throws(() => of(failing)("my").set("a", "b"), { name });
  }
  const good = of(() => undefined)("wx");
  assert.deepEqual([good.keys(), good.get("a")], [[], undefined]);
});
