// Key-value storage with its limits. `cells` (key to JSON text) outlives the mini-program, as it does on a phone.
import { dialects } from "./dialects.mjs";

/** Answers the members of the host. Sizes are counted in bytes of JSON. */
export function createStorage({ profile, realm, calls, cells }) {
  const { perKey, total, failure } = profile.storage;
  const alipay = profile.family === "my";
  const size = (key, text) => Buffer.byteLength(key) + Buffer.byteLength(text);
  const used = () => [...cells].reduce((sum, [key, text]) => sum + size(key, text), 0);

  /** Stores, or says what is wrong. */
  function set(key, data) {
    if (typeof key !== "string" || key === "") return problem("parameter error: key", 2);
    const text = JSON.stringify(data) ?? "null"; // an ArrayBuffer becomes {}
    if (size(key, text) > perKey) return problem("data exceeds the limit of one key", 14);
    const old = cells.has(key) ? size(key, cells.get(key)) : 0;
    if (used() - old + size(key, text) > total) return problem("exceed storage max size", 12);
    cells.set(key, text);
    return undefined;
  }

  const problem = (text, error) =>
    alipay ? { error, errorMessage: text } : { errMsg: `setStorage:fail ${text}` };
  const absent = alipay ? null : "";
  const get = (key) => (cells.has(key) ? realm.copy(JSON.parse(cells.get(key))) : absent);
  const info = () => ({
    keys: [...cells.keys()],
    currentSize: Math.ceil(used() / 1024),
    limitSize: total / 1024,
  });

  function setSync(key, data) {
    const wrong = set(key, data);
    if (!wrong) return alipay ? realm.copy({ success: true }) : undefined;
    if (failure === "return") return realm.copy(wrong); // P, of the calls for files; for storage C
    throw Object.assign(realm.run("new Error()"), { message: wrong.errMsg });
  }

  const answer = (api, options, extra) =>
    calls.settle(options, dialects[profile.family].answer(api, extra), true);
  const members = {
    setStorage(options) {
      const wrong = set(options.key, options.data);
      return wrong ? calls.settle(options, wrong, false) : answer("setStorage", options);
    },
    getStorage(options) {
      if (cells.has(options.key) || alipay) return answer("getStorage", options, { data: get(options.key) });
      return calls.settle(options, { errMsg: "getStorage:fail data not found" }, false);
    },
    removeStorage(options) {
      cells.delete(options.key);
      return answer("removeStorage", options);
    },
    getStorageInfo: (options) => answer("getStorageInfo", options, info()),
    getStorageInfoSync: () => realm.copy(info()),
  };
  // D: Alipay's synchronous calls take one object, and answer one.
  return alipay
    ? {
        ...members,
        setStorageSync: ({ key, data }) => setSync(key, data),
        getStorageSync: ({ key }) => realm.copy({ data: get(key), success: true }),
        removeStorageSync: ({ key }) => void cells.delete(key),
      }
    : {
        ...members,
        setStorageSync: setSync,
        getStorageSync: get,
        removeStorageSync: (key) => void cells.delete(key),
      };
}
