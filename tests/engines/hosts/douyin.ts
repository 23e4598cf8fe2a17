// Every call that js/src/miniprogram makes of Douyin, checked against its own types.
import type { Host, HostSocketTask } from "../../../js/src/miniprogram/host.js";

export const host: Host = tt;

const callbacks = { success() {}, fail(_failure: unknown) {} };
const socket = tt.connectSocket({
  url: "wss://broker.example",
  protocols: ["mqtt"],
  header: {},
  ...callbacks,
});
export const task: HostSocketTask = socket;
socket.onOpen(({ header }) => header satisfies object | undefined);
socket.onMessage(({ data }) => data satisfies string | ArrayBuffer);
socket.onError((failure) => failure satisfies object);
socket.onClose(({ code, reason }) => [code satisfies number | string, reason satisfies string]);
socket.send({ data: new ArrayBuffer(1), ...callbacks });
socket.close({ code: 1000, reason: "", ...callbacks });
tt.onAppShow(() => {});
tt.onAppHide(() => {});
tt.onNetworkStatusChange(({ isConnected, networkType }) => [
  isConnected satisfies boolean,
  networkType satisfies string,
]);
tt.setStorageSync("key", "text");
tt.getStorageSync("key");
tt.removeStorageSync("key");

// @ts-expect-error: the types are there, and mind
tt.connectSocket({ url: 1 });
