// How each family of hosts words things: the objects that callbacks and listeners get.

/** Failures that a host can tell: text for `errMsg`, and code and text of Alipay's `{ error, errorMessage }`. */
const FAILURES = {
  parameter: ["parameter error: parameter.url should be String;", 2],
  "invalid url": ["invalid url", 4],
  scheme: ["invalid url: wss only", 5],
  domain: ["url not in domain list", 20],
  limit: ["fail reach max websocket connect count 5", 1],
  exists: ["the connection already exists", 3],
  protocols: ["parameter error: parameter.protocols should be Array;", 2],
  handshake: ["the handshake failed", 1],
  subprotocol: ["the server selected no subprotocol", 8],
  timeout: ["connect timeout", 6],
  "not open": ["WebSocket is not connected", 10],
  "task gone": ["wcwss taskID not exist", 10],
  data: ["parameter error: parameter.data should be String or ArrayBuffer;", 2],
  code: ["parameter error: parameter.code should be 1000 or in 3000-4999;", 2],
  reason: ["parameter error: parameter.reason is longer than 123 bytes;", 2],
  interrupted: ["interrupted", 1],
  injected: ["injected", 1],
};

const wx = {
  answer: (api, extra) => ({ errMsg: `${api}:ok`, ...extra }),
  failure: (api, why) => ({ errMsg: `${api}:fail ${FAILURES[why][0]}` }),
  open: ({ header }) => ({ header, profile: {} }),
  message: ({ data }) => ({ data }),
  error: ({ why }) => ({ errMsg: FAILURES[why][0] }),
  close: ({ code, reason }) => ({ code, reason }),
};

const tt = {
  ...wx,
  open: ({ header }) => ({ header, protocolType: "", socketType: "ttnet" }),
  close: ({ code, reason }) => ({ code: String(code), reason, errMsg: reason }), // D: the code may be a string
};

const failed = (why) => ({ error: FAILURES[why][1], errorMessage: FAILURES[why][0] });

const my = {
  answer: (_api, extra) => ({ success: true, ...extra }),
  failure: (_api, why) => failed(why),
  // Listeners of a task get everything wrapped once more.
  open: ({ id }) => ({ data: { socketTaskID: id } }),
  message: ({ id, data, isBuffer }) => ({ data: { socketTaskID: id, data, isBuffer } }),
  error: ({ id, why }) => ({ data: { socketTaskID: id, ...failed(why) }, error: FAILURES[why][1] }),
  close: ({ id }) => ({ data: { socketTaskID: id } }),
};

/** Listeners of Alipay's one global socket. */
export const myGlobal = {
  open: () => ({}),
  message: ({ data, isBuffer }) => ({ data, isBuffer }),
  error: ({ why }) => failed(why),
  close: ({ reason }) => ({ reason }),
};

export const dialects = { wx, tt, my };
