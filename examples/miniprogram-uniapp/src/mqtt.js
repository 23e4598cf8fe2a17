import { createClient } from "wasmqtt/miniprogram";

// Your server: its host must be among the socket domains of the mini-program. A password does not belong into a program
// that everybody can unpack: get a token from your server, and give `credentials` a function.
export const topic = "user/ada/chat";

/** One client for all pages: a platform allows few sockets, and each client has one. */
export const mqtt = createClient("wss://push.example.com/mqtt", {
  username: "ada",
  password: "secret",
  // WeChat and Douyin load this file; the other platforms have no WebAssembly and use the engine in JavaScript.
  wasmPath: "/static/wasmqtt.wasm.br",
  reconnect: { retryInitial: true }, // the first connection may wait for a network
  logger: console,
});

mqtt.on("error", ({ code, hint, reasonString }) => console.warn(code, hint, reasonString));
