// Every call that js/src/miniprogram makes of Alipay, checked against its own types.
import type { Host, HostSocketTask } from "../../../js/src/miniprogram/host.js";

export const host: Host = my;

const callbacks = { success() {}, fail(_failure: unknown) {} };
const socket = my.connectSocket({
  url: "wss://broker.example",
  multiple: true,
  protocols: ["mqtt"],
  header: { "Sec-WebSocket-Protocol": "mqtt" },
  ...callbacks,
});
if (!socket) throw new Error("without `multiple` there is no task");
export const task: HostSocketTask = socket;
socket.onOpen(() => {});
socket.onMessage(({ data }) => [
  data.isBuffer satisfies boolean | undefined,
  data.data satisfies string | ArrayBuffer,
]);
socket.onError((failure) => failure satisfies object);
socket.onClose(() => {});
socket.send({ data: "text", ...callbacks });
socket.close({ code: 1000, reason: "", ...callbacks });
my.onAppShow(() => {});
my.onAppHide(() => {});
my.onNetworkStatusChange(({ isConnected, networkType }) => [
  isConnected satisfies boolean,
  networkType satisfies string,
]);
my.getNetworkType({ success: ({ networkType }) => networkType satisfies string | undefined, fail() {} });
my.setStorageSync({ key: "key", data: "text" });
my.getStorageSync({ key: "key" });
my.removeStorageSync({ key: "key" });

// @ts-expect-error: the documents say that `send` takes it as `my.sendSocketMessage` does; the types do not
socket.send({ data: "AA==", isBuffer: true });
// @ts-expect-error: there is no source of random numbers
my.getRandomValues;
