// Every call that js/src/miniprogram makes of uni-app's App runtime, checked against its own types.
import type { Host, HostSocketTask } from "../../../js/src/miniprogram/host.js";

export const host: Host = uni;

const callbacks = { success() {}, fail(_failure: unknown) {} };
const socket = uni.connectSocket({
  url: "wss://broker.example",
  protocols: ["mqtt"],
  header: {},
  ...callbacks,
});
export const task: HostSocketTask = socket;
socket.onOpen(() => {});
socket.onMessage(({ data }) => data satisfies string | ArrayBuffer);
socket.onError((failure) => failure satisfies object);
socket.onClose(() => {});
socket.send({ data: new ArrayBuffer(1), ...callbacks });
socket.close({ code: 1000, reason: "", ...callbacks });
uni.onAppShow(() => {});
uni.onAppHide(() => {});
uni.onNetworkStatusChange(({ isConnected, networkType }) => [
  isConnected satisfies boolean | undefined,
  networkType satisfies string | undefined,
]);
uni.setStorageSync("key", "text");
uni.getStorageSync("key");
uni.removeStorageSync("key");

// @ts-expect-error: the types are there, and mind
uni.connectSocket({ url: 1 });
