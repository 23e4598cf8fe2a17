import assert from "node:assert/strict";
import { test } from "node:test";
import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { IndexedDbStore } from "../../js/src/store/indexeddb.js";
import { bytes, quotaExceeded } from "./support/store.js";

const name = (wanted: string) => ({ name: wanted });
let databases = 0;

function create(): IndexedDbStore {
  globalThis.indexedDB ??= new IDBFactory();
  return new IndexedDbStore(`test ${++databases}`, "relaxed");
}

test("what is written is there for the next one that opens the database", async () => {
  const first = create();
  assert.deepEqual([...(await first.load())], []);
  await first.write(
    [
      [2 ** 48 + 1, bytes("b")],
      [1, bytes("a")],
      [9, bytes("x")],
    ],
    false,
  );
  await first.write(
    [
      [9, undefined],
      [1, bytes("A")],
      [77, undefined],
    ],
    false,
  );
  await first.close();

  const second = new IndexedDbStore(`test ${databases}`, "strict");
  assert.deepEqual(
    [...(await second.load())],
    [
      [1, bytes("A")],
      [2 ** 48 + 1, bytes("b")],
    ],
  );
  await second.write([[5, bytes("all")]], true);
  assert.deepEqual([...(await second.load())], [[5, bytes("all")]]);
  await second.close();
});

test("a write that fails halfway leaves nothing behind", async (context) => {
  const store = create();
  await store.write([[1, bytes("a")]], false);
  const put = IDBObjectStore.prototype.put;
  context.mock.method(
    IDBObjectStore.prototype,
    "put",
    function (this: IDBObjectStore, value: unknown, key: number) {
      if (key === 3) throw quotaExceeded();
      return put.call(this, value, key);
    },
  );
  await assert.rejects(
    store.write(
      [
        [2, bytes("b")],
        [3, bytes("c")],
      ],
      true,
    ),
    name("QuotaExceededError"),
  );
  await assert.rejects(store.write([[Number.NaN, bytes("b")]], true), name("DataError"));
  assert.deepEqual([...(await store.load())], [[1, bytes("a")]]);
  await store.close();
});

test("a browser that denies the database is asked again by the next call", async (context) => {
  const store = create();
  const open = indexedDB.open;
  context.mock.method(indexedDB, "open", () => {
    throw new DOMException("denied", "SecurityError");
  });
  await assert.rejects(store.load(), name("SecurityError"));
  indexedDB.open = open;
  assert.deepEqual([...(await store.load())], []);
  await store.close();
});

test("a database that was deleted takes everything or nothing", async () => {
  const store = create();
  await store.write(
    [
      [1, bytes("a")],
      [2, bytes("b")],
    ],
    false,
  );
  await new Promise((resolve) => {
    indexedDB.deleteDatabase(`test ${databases}`).onsuccess = resolve;
  });
  await assert.rejects(store.write([[1, undefined]], false), name("InvalidStateError"));
  await store.write([[2, bytes("b")]], true);
  await store.write([[3, bytes("c")]], false);
  assert.deepEqual(
    [...(await store.load())],
    [
      [2, bytes("b")],
      [3, bytes("c")],
    ],
  );
  await store.close();
});

test("somebody else's database of the same name is refused", async () => {
  const store = create();
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(`test ${databases}`, 1);
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
  });
  await assert.rejects(store.load(), name("NotFoundError"));
  await store.close();
});
