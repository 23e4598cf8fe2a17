// Every call that js/src/miniprogram makes of WeChat, checked against Tencent's own types.
import type { Host, HostSocketTask } from "../../../js/src/miniprogram/host.js";

export const host: Host = wx;

const callbacks = { success() {}, fail(_failure: unknown) {} };
const socket = wx.connectSocket({
  url: "wss://broker.example",
  protocols: ["mqtt"],
  header: { "X-Token": "1" },
  ...callbacks,
});
export const task: HostSocketTask = socket;
socket.onOpen(({ header }) => header satisfies object);
socket.onMessage(({ data }) => data satisfies string | ArrayBuffer);
socket.onError((failure) => failure satisfies object);
socket.onClose(({ code, reason }) => [code satisfies number, reason satisfies string]);
socket.send({ data: new ArrayBuffer(1), ...callbacks });
socket.close({ code: 1000, reason: "", ...callbacks });
wx.onAppShow(() => {});
wx.onAppHide(() => {});
wx.onNetworkStatusChange(({ isConnected, networkType }) => [
  isConnected satisfies boolean,
  networkType satisfies string,
]);
wx.getNetworkType({ success: ({ networkType }) => networkType satisfies string, fail() {} });
wx.getRandomValues({
  length: 8,
  success: ({ randomValues }) => randomValues satisfies ArrayBuffer,
  fail() {},
});
wx.getStorageInfoSync().keys satisfies string[];
wx.setStorageSync("key", "text");
wx.getStorageSync("key");
wx.removeStorageSync("key");
WXWebAssembly.instantiate("/module.wasm.br", {});

// What does not exist here: the shim could be simpler otherwise.
// @ts-expect-error: no state can be asked for
socket.readyState;
// @ts-expect-error: its options are required
socket.close();
// @ts-expect-error: a module is loaded by its path only
WXWebAssembly.instantiate(new ArrayBuffer(8), {});
// @ts-expect-error: no exported globals
WXWebAssembly.Global;
