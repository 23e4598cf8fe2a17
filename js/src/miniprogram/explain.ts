import type { ErrorCode } from "../error-codes.js";
import { MqttError, type MqttErrorInit } from "../errors.js";
import "./error-codes.js";

/** What a host said of a socket that failed, in two forms: `{ errMsg }`, or Alipay's code and text, wrapped or not. */
interface Failure {
  readonly errMsg?: unknown;
  readonly error?: unknown;
  readonly errorMessage?: unknown;
  readonly message?: unknown;
  readonly data?: Failure;
}

/** What the attempt at a socket has left to tell. */
export interface Evidence {
  readonly failure: unknown;
  /** The host had said that dialling began. */
  readonly isAccepted: boolean;
}

/** Which words of a host mean what. Codes are Alipay's. */
const MEANINGS: readonly (readonly [RegExp, readonly number[], ErrorCode])[] = [
  [/max(imum)? (web)?socket|connect(ion)? count|too many (socket|task|connection)|最多/i, [], "socket-limit"],
  [/domain list|not in domain|合法域名|白名单/i, [], "domain-not-allowed"],
  [/\binterrupted\b/i, [], "interrupted"],
  [/sec-websocket-accept|subprotocol/i, [8], "subprotocol-rejected"],
  [/\b(ssl|tls|certificate|cert)\b|证书/i, [], "tls-failed"],
  [/time(d)? ?out|超时/i, [6], "connect-timeout"],
];

/** Errors of the engine that stand for "no socket", of which a host may have said more. */
const OPEN_TO_BETTER: readonly ErrorCode[] = ["connect-failed", "connection-closed", "connect-timeout"];

/** What to change, where a mini-program has more to check than a page. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  "domain-not-allowed":
    "List the host of the URL among the socket domains in the platform's console; developer tools can skip the check, phones cannot.",
  "connect-failed":
    "Check that the URL is wss:// with a valid certificate, that its host is listed in the platform's console, and what the platform says (`reasonString`).",
};
const NEVER_OPENED =
  'Check that the host has a valid certificate and is listed in the platform\'s console: "success" of connectSocket means only that dialling began.';

/** The error as the engine made it, or a better one if the host said why there was no socket. */
export function explain(error: MqttError, { failure, isAccepted }: Evidence): MqttError {
  if (!OPEN_TO_BETTER.includes(error.code)) return error;
  if (failure === undefined) return isAccepted && error.code === "connect-timeout" ? silent(error) : error;
  const { text, number } = words(failure);
  const code =
    MEANINGS.find(([words, codes]) => words.test(text) || codes.includes(number))?.[2] ?? error.code;
  const { hint } = error;
  return new MqttError(code, {
    ...observed(error),
    hint: HINTS[code] ?? (code === error.code ? hint : undefined),
    ...(text && { reasonString: text }),
    cause: failure,
  });
}

function silent(error: MqttError): MqttError {
  return new MqttError("connect-timeout", {
    ...observed(error),
    detail: "the socket never opened",
    hint: NEVER_OPENED,
  });
}

/** What stays true of an error under another name. */
function observed({ retryable, closeCode, reasonString, limit, evidence }: MqttError): MqttErrorInit {
  return { retryable, closeCode, reasonString, limit, evidence };
}

function words(failure: unknown): { text: string; number: number } {
  if (typeof failure === "string") return { text: failure, number: 0 };
  const { errMsg, error, errorMessage, message, data } = Object(failure) as Failure;
  const text = [errMsg, errorMessage, message].find((one) => typeof one === "string" && one !== "");
  if (text === undefined && data !== undefined) return words(data);
  return { text: String(text ?? ""), number: Number(error) || 0 };
}
