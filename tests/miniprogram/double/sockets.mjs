// connectSocket and what it answers, for every family: checks, the limit of five, events in the family's own words.
import { types } from "node:util";
import { dialects, myGlobal } from "./dialects.mjs";
import { createLink } from "./link.mjs";

const LIMIT = 5;
const TIMEOUT = 60_000; // milliseconds: what the platforms give a handshake
const EVENTS = ["open", "message", "error", "close"];
const capital = (type) => type[0].toUpperCase() + type.slice(1);

/**
 * Answers `{ members, live, interrupt(), faults }`. `routes` says for each host which real address stands for it, as
 * `{ host: { address, ca } }`; `domains` is the list of hosts that the owner of the mini-program has registered.
 */
export function createSockets({ profile, thread, realm, routes, domains, calls, network }) {
  const dialect = dialects[profile.family];
  const live = new Set();
  const all = [];
  const faults = [];
  let ids = 0;

  function refuse(api, options, why, now) {
    return calls.settle(options, dialect.failure(api, why), false, now);
  }

  /** Why a call is refused before anything is dialled. */
  function objection(options) {
    if (typeof options.url !== "string") return "parameter";
    if (!/^wss?:\/\/[^/]+/.test(options.url)) return "invalid url";
    if (profile.domains && !options.url.startsWith("wss://")) return "scheme";
    if (network.interrupted) return "interrupted";
    return undefined;
  }

  function dial(options, fault, listeners, words) {
    const id = ++ids;
    const url = new URL(options.url);
    const route = routes[url.hostname];
    const { names, header } = subprotocols(options);
    const tell = (type, detail) => {
      const payload = words[type]({ id, ...detail, ...(type === "message" ? incoming(detail) : {}) });
      const inside = type === "message" ? payload : realm.copy(payload);
      thread.post(() => {
        for (const listener of [...listeners[type]]) calls.guard(() => listener(inside));
      });
    };
    const onEnd = () => live.delete(link);
    const listed = !profile.domains || domains.includes(url.hostname);
    const wellNamed = options.protocols === undefined || Array.isArray(options.protocols);
    const strings = typeof options.protocols === "string" && profile.stringProtocols === "accepted";
    const why = !listed ? "domain" : !wellNamed && !strings ? "protocols" : route ? undefined : "handshake";
    const link = createLink(
      {
        address: route && `${route.address}${url.pathname}${url.search}`,
        tls: { ca: route?.ca, servername: url.hostname },
        header: { ...header, Host: url.host },
        protocols: names,
        ending: fault.ending ?? profile.ending,
        silent: fault.silent || why !== undefined,
        timeout: options.timeout ?? TIMEOUT,
        onEnd,
      },
      tell,
    );
    link.id = id;
    live.add(link);
    all.push(link);
    if (why) thread.post(() => link.end({ why }));
    else if (fault.end) thread.post(() => link.end({ why: "injected", order: fault.end }));
    return link;
  }

  /** What of `protocols` and `header` goes into the handshake. */
  function subprotocols({ protocols = [], header = {} }) {
    const rest = { ...header, ...profile.headers };
    const key = Object.keys(rest).find((name) => name.toLowerCase() === "sec-websocket-protocol");
    const wished = key === undefined ? [] : String(rest[key]).split(/\s*,\s*/);
    if (key !== undefined) delete rest[key]; // F: elsewhere it has no effect
    const named = profile.protocols === "dropped" ? [] : [].concat(protocols);
    return { names: named.length > 0 ? named : profile.protocolHeader ? wished : [], header: rest };
  }

  function incoming({ bytes, binary }) {
    if (!binary) return { data: bytes.toString(), isBuffer: false };
    if (profile.family === "my") return { data: bytes.toString("base64"), isBuffer: true };
    return { data: realm.bytes(bytes), isBuffer: true };
  }

  /** What of the argument of a send goes on the wire, as it is, or undefined. */
  function outgoing({ data, isBuffer }) {
    if (profile.family === "my" && isBuffer) {
      const encoded =
        typeof data === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(data) && data.length % 4 === 0;
      return encoded ? Buffer.from(data, "base64") : undefined;
    }
    if (typeof data === "string") return data;
    if (profile.family === "my" || !types.isArrayBuffer(data)) return undefined; // a view is not a buffer
    return Buffer.from(new Uint8Array(data)); // the whole of it: hosts know nothing of views (F: MQTT.js #1506)
  }

  function send(link, fault, options, api) {
    if (typeof options !== "object" || options === null) return undefined;
    if (network.interrupted) return refuse(api, options, "interrupted");
    if (link?.state !== "open") return refuse(api, options, "not open");
    const data = outgoing(options);
    if (data === undefined) return refuse(api, options, "data");
    if (fault.send === "fail") return refuse(api, options, "injected");
    if (fault.send === "silent") return undefined; // neither sent nor answered
    link.send(data);
    return calls.settle(options, dialect.answer(api), true);
  }

  function close(link, options) {
    if (options === undefined && profile.family === "my") return close(link, {});
    if (typeof options !== "object" || options === null) return undefined;
    const { code = 1000, reason = "" } = options;
    if (link === undefined || link.state === "closed") return refuse("closeSocket", options, "task gone");
    if (link.state === "closing") return refuse("closeSocket", options, "not open");
    if (code !== 1000 && !(code >= 3000 && code <= 4999)) return refuse("closeSocket", options, "code");
    if (Buffer.byteLength(reason) > 123) return refuse("closeSocket", options, "reason");
    link.close(code, reason);
    return calls.settle(options, dialect.answer("closeSocket"), true);
  }

  function task(link, fault, listeners) {
    const face = {
      send: (options) => send(link, fault, options, "SocketTask.send"),
      close: (options) => close(link, options),
    };
    for (const type of EVENTS) face[`on${capital(type)}`] = (listener) => void listeners[type].push(listener);
    if (profile.family === "my") {
      for (const type of EVENTS)
        face[`off${capital(type)}`] = (listener) => remove(listeners[type], listener);
    }
    if (profile.family === "tt") {
      Object.assign(face, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
      const states = ["connecting", "open", "closing", "closed"];
      Object.defineProperty(face, "readyState", { get: () => states.indexOf(link?.state ?? "closed") });
    }
    return face;
  }

  const newListeners = () => Object.fromEntries(EVENTS.map((type) => [type, []]));

  function connectTask(options) {
    const fault = faults.shift() ?? {};
    if (fault.throws) throw realm.copy({ errMsg: "connectSocket:fail injected" });
    if (fault.fails) return void refuse("connectSocket", options, "injected", fault.fails === "inside");
    const why = objection(options);
    if (why) return void refuse("connectSocket", options, why);
    const listeners = newListeners();
    if (live.size >= LIMIT) {
      refuse("connectSocket", options, "limit");
      return task(undefined, fault, listeners); // R: an object is answered, but nothing is behind it
    }
    const link = dial(options, fault, listeners, dialect);
    const succeed = () =>
      calls.settle(options, dialect.answer("connectSocket", { socketTaskId: link.id }), true);
    // It means that dialling has begun, not that the socket is open (D, R).
    if (fault.success === "after open") listeners.open.push(succeed);
    else if (fault.success !== "never") succeed();
    return task(link, fault, listeners);
  }

  const shared = newListeners();
  let current;

  /** The one global socket of Alipay, without `multiple`. */
  function connectGlobal(options) {
    const fault = faults.shift() ?? {};
    if (fault.fails) return void refuse("connectSocket", options, "injected", fault.fails === "inside");
    const why = objection(options);
    if (why) return void refuse("connectSocket", options, why);
    const busy = current !== undefined && current.state !== "closed";
    if (busy && profile.secondGlobalConnect === "fails")
      return void refuse("connectSocket", options, "exists");
    if (busy) current.end({ code: 1000, order: "close" });
    current = dial(options, fault, shared, myGlobal);
    current.fault = fault;
    calls.settle(options, dialect.answer("connectSocket"), true);
    return undefined;
  }

  function connectSocket(options) {
    if (typeof options !== "object" || options === null) return undefined;
    if (profile.family === "my" && options.multiple !== true) return connectGlobal(options);
    const made = connectTask(options);
    if (!profile.taskNeedsCallback || calls.has(options)) return made;
    return made && realm.Promise.resolve(made); // uni: a promise where no callback is given
  }

  const members = { connectSocket };
  if (profile.family === "my") {
    for (const type of EVENTS) {
      members[`onSocket${capital(type)}`] = (listener) => void shared[type].push(listener); // D: they accumulate
      members[`offSocket${capital(type)}`] = (listener) => remove(shared[type], listener);
    }
    members.sendSocketMessage = (options) =>
      send(current, current?.fault ?? {}, options, "sendSocketMessage");
    members.closeSocket = (options) => close(current, options);
  }

  return {
    members,
    all,
    live,
    faults,
    /** The platform ends every socket: those still dialling with an error. */
    interrupt({ code, reason }) {
      for (const link of [...live]) {
        const dialling = link.state === "connecting";
        link.end({ why: "interrupted", code, reason, order: dialling ? "error" : "close" });
      }
    },
  };
}

/** D: without an argument all listeners go. */
function remove(list, listener) {
  if (listener === undefined) list.length = 0;
  else if (list.includes(listener)) list.splice(list.indexOf(listener), 1);
}
