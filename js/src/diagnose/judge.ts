import type { MqttError } from "../errors.js";
import type { HttpAnswer } from "./http.js";
import type { MqttAnswer } from "./mqtt.js";
import type { PermissionAnswer } from "./page.js";
import type { SocketAnswer } from "./socket.js";
import type { DiagnosisCode } from "./types.js";

/** Everything that the steps found out; what was not looked at is absent. */
export interface Facts {
  /** Why the address cannot be used at all. */
  readonly urlError?: MqttError;
  readonly isTls: boolean;
  readonly pageIsSecure: boolean;
  readonly blockedPort: boolean;
  readonly online: boolean;
  readonly permission?: PermissionAnswer;
  readonly offered: readonly string[];
  readonly socket?: SocketAnswer;
  /** The same with the subprotocol left out, or put in when none was wanted. */
  readonly otherSubprotocol?: SocketAnswer;
  readonly http?: HttpAnswer;
  /** GET of `/` on the same host and port. */
  readonly root?: HttpAnswer;
  /** The same host and port with TLS where none was wanted, or the other way round. */
  readonly otherScheme?: HttpAnswer;
  /** The same host on the usual port of https: or http:. */
  readonly usualPort?: HttpAnswer;
  /** Another path of the same host and port at which a WebSocket opens. */
  readonly otherPath?: URL;
  readonly mqtt?: MqttAnswer;
}

/** What the facts mean. Without certainty the code names how far it got, and the texts list what may be behind it. */
export interface Judgement {
  readonly code: DiagnosisCode;
  readonly certain: boolean;
}

const proven = (code: DiagnosisCode): Judgement => ({ code, certain: true });
const open = (code: DiagnosisCode): Judgement => ({ code, certain: false });

export function judge(facts: Facts): Judgement {
  const { urlError, socket, mqtt } = facts;
  if (urlError) return proven(urlError.code === "insecure-url" ? "insecure-url" : "invalid-url");
  if (mqtt) return judgeMqtt(mqtt);
  if (socket?.kind === "open") return proven("subprotocol-rejected"); // else there would have been MQTT
  return judgePage(facts) ?? judgeSubprotocol(facts) ?? judgeTls(facts) ?? judgeHttp(facts);
}

/** What the browser itself forbids. */
function judgePage({ socket, isTls, ...facts }: Facts): Judgement | undefined {
  if (socket?.kind === "threw") {
    if (socket.name === "SyntaxError") return proven("invalid-url");
    return proven(!isTls && facts.pageIsSecure ? "insecure-url" : "blocked-by-csp");
  }
  if (socket?.kind === "forbidden") return proven("blocked-by-csp");
  if (facts.blockedPort) return proven("blocked-port");
  if (!facts.online) return proven("offline");
  const reached = answered(facts.http) || answered(facts.root);
  return facts.permission === "denied" && !reached ? proven("local-network-denied") : undefined;
}

function judgeSubprotocol({ otherSubprotocol, offered }: Facts): Judgement | undefined {
  if (otherSubprotocol?.kind !== "open") return undefined;
  return proven(offered.length > 0 ? "subprotocol-rejected" : "subprotocol-required");
}

function judgeTls({ socket, otherScheme, isTls, http, root }: Facts): Judgement | undefined {
  if (!isTls) return answered(otherScheme) ? proven("tls-required") : undefined;
  if (answered(http) || answered(root)) return undefined;
  // Servers with TLS often answer plain HTTP with 400; any other status comes from one that has none.
  if (otherScheme?.kind === "status" && otherScheme.status !== 400) return proven("tls-not-spoken");
  // Something is there. Firefox alone tells a failure of TLS from one of the network by itself.
  const failed = socket?.kind === "closed" && socket.code === 1015;
  return failed || answered(otherScheme) ? open("tls-failed") : undefined;
}

function judgeHttp({ socket, http, root, usualPort, otherPath }: Facts): Judgement {
  if (answered(http) && socket?.kind === "silent") return open("upgrade-silent");
  switch (http?.kind) {
    case "status":
      return judgeStatus(http.status);
    case "redirect":
      return proven("redirected");
    case "opaque":
      return otherPath ? proven("wrong-path") : open("http-answer");
    case "silent":
      return open(answered(root) ? "upgrade-silent" : "silent");
    default:
      if (socket?.kind === "silent") return open(answered(root) ? "upgrade-silent" : "silent");
      if (answered(root)) return open("connection-dropped");
      return open(answered(usualPort) ? "port-unreachable" : "unreachable");
  }
}

/** A healthy server may answer a plain GET with an error too: a status proves something only where the handshake failed. */
function judgeStatus(status: number): Judgement {
  if (status === 404 || status === 410) return proven("not-found");
  if (status === 401 || status === 403 || status === 407) return proven("forbidden");
  if (status === 426) return open("upgrade-missing");
  if (status === 400) return open("upgrade-missing");
  if (status >= 502 && status <= 504) return open("bad-gateway");
  if (status >= 200 && status < 300) return proven("not-a-websocket");
  return open("http-status");
}

function answered(answer: HttpAnswer | undefined): boolean {
  return answer?.kind === "status" || answer?.kind === "redirect" || answer?.kind === "opaque";
}

function judgeMqtt({ error, server, opened }: MqttAnswer): Judgement {
  if (!error) return proven("ok");
  const before = server === undefined;
  if (error.reasonCode === 0x95 || error.code === "too-large-for-server") return proven("packet-too-large");
  switch (error.code) {
    case "closed-before-connack":
      return open("closed-before-connack");
    case "connection-closed":
      return open("closed-after-connack");
    case "malformed-packet":
    case "protocol-error":
      return before ? proven("not-mqtt") : proven("protocol-error");
    case "timeout":
      // The time ran out for CONNACK, for the answer to a ping, or before the engine was there.
      if (!before) return proven("keep-alive-timeout");
      return opened > 0 ? open("connack-timeout") : open("unstable");
    case "connack-timeout":
      return open("connack-timeout");
    case "connect-failed":
    case "connect-timeout":
    case "tls-failed":
      return open("unstable");
    case "wasm-load-failed":
    case "text-frame":
    case "subprotocol-rejected":
    case "connect-refused":
    case "version-not-supported":
    case "session-taken-over":
    case "disconnected-by-server":
    case "keep-alive-timeout":
      return proven(error.code);
    default:
      return proven("client-error");
  }
}
