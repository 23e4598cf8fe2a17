// What each platform has, as data. Letters say where a line comes from: D vendor documents or typings, P published runs on
// devices or vendor tools, F reports in issue threads, R another implementation of the interface, C conjecture.

/** Names that the module wrapper of WeChat's own builds hides (F: seen in published packages). */
const HIDDEN = [
  "window document frames self location navigator localStorage history Caches screen alert confirm prompt",
  "XMLHttpRequest WebSocket Reporter webkit WeixinJSCore",
]
  .join(" ")
  .split(" ");
const HIDDEN_BY_BYTEDANCE = [...HIDDEN, "fetch", "ttJSCore", "print", "indexedDB"];

/** Names of the language that some engine lacks; everything else of ECMAScript is there. */
const MODERN = ["globalThis", "BigInt", "WeakRef", "FinalizationRegistry"];

const BASE = {
  hidden: HIDDEN,
  language: MODERN, // of these names, those that exist
  extras: [], // web platform names that exist
  promise: "native", // "macrotask": a polyfill over setTimeout
  wasm: undefined, // { global, result: "instance" | "source", br, absolute, strict }
  random: false, // host.getRandomValues
  domains: true, // the list of allowed hosts is checked
  stringProtocols: "fails", // F: MQTT.js #969, "accepted" on iOS
  protocols: "sent", // "dropped": the option has no effect
  headers: {}, // that every handshake has, whatever the caller says
  protocolHeader: false, // Sec-WebSocket-Protocol may be set through `header`
  promises: false, // calls without a callback answer a promise (F: MQTT.js #1112)
  foreignBuffers: false, // received ArrayBuffers come from another realm
  ending: "error, close", // after an open connection is lost (R)
  // After `grace` in the background the thread stands still and sockets end; the news comes on return unless "immediate".
  background: { grace: 5000, destroy: 30 * 60_000, code: 1006, reason: "interrupted", news: "deferred" },
  storage: { perKey: 1024 * 1024, total: 10 * 1024 * 1024, failure: "throw" },
};

const make = (name, family, host, own) => ({ ...BASE, ...own, name, family, host });

const WX_WASM = { global: "WXWebAssembly", result: "source", br: true, absolute: false, strict: false };
const REFERER = "https://servicewechat.com/wx0123456789abcdef/1/page-frame.html"; // D: cannot be set
const WX = { random: true, wasm: WX_WASM, headers: { Referer: REFERER } };
const wechat = (name, own) => make(`wechat-${name}`, "wx", "wx", { ...WX, ...own });

const MY = {
  language: [], // D: globalThis is a reserved word; P: no BigInt in the simulator
  protocolHeader: true, // D: the vendor's advice for error 8
  storage: { perKey: 200 * 1024, total: 10 * 1024 * 1024, failure: "return" },
  background: { ...BASE.background, destroy: 5 * 60_000 }, // D; that it stands still before is C
  secondGlobalConnect: "replaces", // C
};
const alipay = (name, own) => make(`alipay-${name}`, "my", "my", { ...MY, ...own });

const TT = {
  hidden: HIDDEN_BY_BYTEDANCE,
  language: ["BigInt", "WeakRef", "FinalizationRegistry"], // P: globalThis is undefined in modules
  extras: ["global", "queueMicrotask"], // P: `global` is an object that is not the real one
  random: true,
  wasm: { global: "TTWebAssembly", result: "source", br: true, absolute: true, strict: false },
  background: { ...BASE.background, code: 1001, reason: "" }, // D
};
const douyin = (name, own) => make(`douyin-${name}`, "tt", "tt", { ...TT, ...own });

const PLAIN = { language: ["WeakRef", "FinalizationRegistry"] }; // C: nothing newer is documented

const list = [
  wechat("devtools", { extras: ["queueMicrotask", "TextEncoder", "TextDecoder"], domains: false }),
  wechat("android", {}),
  wechat("android-promises", { promises: true, background: { ...BASE.background, news: "immediate" } }), // F #1112; R
  wechat("android-7", { random: false, wasm: undefined, brokenIntervals: true, language: PLAIN.language }), // F #968
  wechat("ios", { stringProtocols: "accepted", wasm: { ...WX_WASM, strict: true } }), // D: no Global; F: MVP only
  wechat("ios-15", {
    language: [],
    promise: "macrotask", // D
    stringProtocols: "accepted",
    wasm: { ...WX_WASM, result: "instance", strict: true },
    background: { ...BASE.background, code: 1000 }, // F
  }),
  alipay("devtools", { wasm: { global: "WebAssembly" } }), // P: undocumented
  alipay("ios", { language: ["BigInt"], foreignBuffers: true, protocols: "dropped" }), // P; P; C
  alipay("android", { language: ["BigInt"], secondGlobalConnect: "fails" }), // D: error 3
  douyin("devtools", { extras: [...TT.extras, "TextEncoder", "TextDecoder"] }),
  douyin("ios", { swallowsModuleErrors: true, wasm: { ...TT.wasm, strict: true } }), // P; D
  make("baidu", "wx", "swan", { ...PLAIN, storage: { ...BASE.storage, perKey: 10 * 1024 * 1024 } }), // D of 2020
  make("qq", "wx", "qq", PLAIN),
  make("kuaishou", "wx", "ks", PLAIN), // C: nothing could be read
  make("uni-app", "wx", "uni", {
    ...PLAIN,
    hidden: [],
    domains: false,
    taskNeedsCallback: true,
    extras: ["navigator"],
  }),
];

/** Every profile by its name. */
export const profiles = Object.fromEntries(list.map((profile) => [profile.name, Object.freeze(profile)]));
