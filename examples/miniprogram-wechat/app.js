const { createClient } = require("wasmqtt");
const { url, username, password } = require("./config");

App({
  // One client for all pages: a platform allows few sockets, and each client has one. It is created once and lives as
  // long as the program; background, network and reconnecting are its own business.
  onLaunch() {
    this.mqtt = createClient(url, {
      username,
      password,
      clientId: ownClientId(),
      store: "storage", // unfinished messages survive that WeChat throws the program away
      reconnect: { retryInitial: true }, // the first connection may wait for a network
      logger: console,
    });
    this.mqtt.on("error", ({ code, hint, reasonString }) => console.warn(code, hint, reasonString));
    this.mqtt.start().catch(({ message }) => console.error(message));
  },
});

/** The same at each start of this installation, so that the outbox is found again. */
function ownClientId() {
  const known = wx.getStorageSync("clientId");
  if (known) return known;
  const made = `wx-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  wx.setStorageSync("clientId", made);
  return made;
}
