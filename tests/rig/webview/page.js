// What runs in the web view: sends messages to itself, and sockets as some web views have them.

/** Publishes with each QoS to its own subscription; resolves with what came. `engine` is the package under some name. */
export async function exchange({ createClient }, url, options = {}) {
  const client = createClient(url, { reconnect: false, ...options });
  try {
    await client.start({ timeout: 15_000 });
    const got = [];
    let arrived;
    const all = new Promise((resolve) => {
      arrived = resolve;
    });
    await client.subscribe("webview", { qos: 2 }, (message) => {
      got.push([message.qos, message.text()]);
      if (got.length === 3) arrived();
    });
    for (const qos of [0, 1, 2]) await client.publish("webview", `你好 ${qos}`, { qos });
    await all;
    return got;
  } finally {
    await client.close({ force: true });
  }
}

/** The fields of what `promise` rejects with. */
export async function failure(promise) {
  const value = await promise.catch(({ code, detail, hint, message }) => ({ code, detail, hint, message }));
  return value;
}

/** The bytes of a file beside the page, as apps read them where `fetch` does not know file:. */
export function read(path) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", path);
    request.responseType = "arraybuffer";
    request.onload = () => resolve(request.response);
    request.onerror = () => reject(new Error(`no ${path}`));
    request.send();
  });
}

/** A socket without the members in `without`; it has `binaryType` only once somebody sets it. */
export function poorSocket(url, protocols, without) {
  const socket = new WebSocket(url, protocols);
  const own = { onopen: null, onmessage: null, onerror: null, onclose: null };
  for (const type of ["open", "message", "error", "close"])
    socket[`on${type}`] = (event) => {
      // React Native gives text where nobody has asked for an ArrayBuffer.
      if (type !== "message" || own.binaryType === "arraybuffer") own[`on${type}`]?.(event);
      else own.onmessage?.({ data: "text" });
    };
  socket.binaryType = "arraybuffer";
  own.send = (data) => socket.send(data);
  own.close = (...all) => socket.close(...all);
  for (const name of ["readyState", "bufferedAmount", "protocol"])
    if (!without.includes(name)) Object.defineProperty(own, name, { get: () => socket[name] });
  return own;
}

/** A socket that can go deaf: it says OPEN from then on, and neither sends, hears nor ends. */
export function mortalSocket(url, protocols) {
  const socket = new WebSocket(url, protocols);
  let dead = false;
  return new Proxy(socket, {
    get(target, name) {
      if (name === "die") return () => (dead = true);
      if (dead && name === "readyState") return WebSocket.OPEN;
      if (dead && (name === "send" || name === "close")) return () => {};
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
    set(target, name, value) {
      target[name] = typeof value === "function" ? (event) => dead || value(event) : value;
      return true;
    },
  });
}
