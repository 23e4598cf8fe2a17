import {
  CLOSE_HINTS,
  ERROR_CODES,
  type ErrorCode,
  type ErrorLayer,
  REASON_HINTS,
  reasonName,
  SOON_HINT,
} from "./error-codes.js";
import { ruleName } from "./rule.js";
import type { Delivery } from "./types.js";

/** What was seen of the connection, or of the attempt at one, that ended with an error. Holds no secrets and no URL. */
export interface ErrorEvidence {
  /** How far it had come: the WebSocket was being opened, CONNECT was sent, or the server had accepted it. */
  readonly phase: "dialing" | "handshake" | "connected";
  /** Milliseconds since the attempt began, or since CONNACK. */
  readonly elapsed: number;
  /** Which attempt in a row it was, 1 being the first. */
  readonly attempt: number;
  /** Milliseconds since bytes went either way; absent before CONNACK. */
  readonly silent?: number;
  /** Whether somebody could see the page; absent in workers. */
  readonly visibility?: DocumentVisibilityState;
  /** Whether the browser said that it had a network; absent where there is no browser. */
  readonly online?: boolean;
}

/** What a new {@link MqttError} may carry beside its code. */
export interface MqttErrorInit {
  /** What exactly was wrong, in a few words for the message. Must not hold secrets. */
  detail?: string | undefined;
  hint?: string | undefined;
  retryable?: boolean | undefined;
  reasonCode?: number | undefined;
  reasonCodes?: readonly number[] | undefined;
  reasonString?: string | undefined;
  closeCode?: number | undefined;
  statement?: string | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
  serverReference?: string | undefined;
  delivery?: Delivery | undefined;
  evidence?: ErrorEvidence | undefined;
  cause?: unknown;
}

/**
 * The one error of this library: every rejection, every `error` event and `closed` carry it.
 * Decide by `code`; show `message`, which holds no secrets, or only `hint`.
 */
export class MqttError extends Error {
  override readonly name = "MqttError";
  /** What happened: a stable name. */
  readonly code: ErrorCode;
  /** Where on the path to the server it happened. */
  declare readonly layer: ErrorLayer;
  /** One sentence that says what to change. */
  declare readonly hint: string;
  /** Whether the same may succeed later without a change. A client with `reconnect` goes on only if it is true. */
  declare readonly retryable: boolean;
  /** The server's reason code (5.0, section 2.4). A return code of 3.1.1 appears as the reason code that it means. */
  declare readonly reasonCode?: number;
  /** One reason code per filter, when the server refused some filter of a `subscribe` or `unsubscribe`. */
  declare readonly reasonCodes?: readonly number[];
  /** Where the server says to go instead (5.0, section 4.11): as a rule hosts with or without port, with spaces between. Text from outside. */
  declare readonly serverReference?: string;
  /** The server's own words: Reason String, or the reason of a WebSocket close. Text from outside: escape it. */
  declare readonly reasonString?: string;
  /** The code of the WebSocket close (RFC 6455, section 7.4). */
  declare readonly closeCode?: number;
  /** The normative statement that the server broke, for example `MQTT-3.1.2-24`. */
  declare readonly statement?: string;
  /** Where it is wrong: the offset in the packet or string, or the index of the filter. */
  declare readonly offset?: number;
  /** The limit that was exceeded, in the unit of what it limits. */
  declare readonly limit?: number;
  /** What was seen of the connection or attempt that ended with this error; for bug reports. */
  declare readonly evidence?: ErrorEvidence;

  /** For a `publish` that failed: what may have become of the message. */
  declare readonly delivery?: Delivery;

  constructor(code: ErrorCode, init: MqttErrorInit = {}) {
    const { detail, cause, ...fields } = init;
    const [, , layer, retryable, standardHint] = ERROR_CODES.find((row) => row[1] === code) ?? UNKNOWN;
    const hint = fields.hint ?? standardHint;
    const where = [describeReason(fields.reasonCode), detail].filter(Boolean).join(", ");
    super(`${code}${where && ` (${where})`}: ${hint}`, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, { layer, retryable }, defined(fields), { hint });
  }

  /** The standard's name of `reasonCode`, for example "Not authorized". */
  get reasonName(): string | undefined {
    return this.reasonCode === undefined ? undefined : reasonName(this.reasonCode);
  }
}

/** @internal The error that the engine describes with numbers; -1 stands for "none". */
export function engineError(
  number: number,
  reasonCode: number,
  offset: number,
  limit: number,
  statement: number | undefined,
  text: string | undefined,
  closeCode: number,
  retryable?: boolean,
  serverReference?: string,
  cause?: unknown,
  stage = -1,
  elapsed = -1,
  attempt = 0,
  silent = -1,
): MqttError {
  const code = (ERROR_CODES.find((row) => row[0] === number) ?? UNKNOWN)[1];
  const isArgument = number < 20; // then the text names the option or argument, else it is the server's
  const isRefusal = number === 30 || number === 31; // depends on the reason
  return new MqttError(code, {
    detail: isArgument ? text : undefined,
    hint: isRefusal ? REASON_HINTS[reasonCode] : hintOfEnd(number, closeCode, stage, elapsed),
    reasonString: isArgument ? undefined : text || undefined,
    reasonCode: known(reasonCode),
    offset: known(offset),
    limit: known(limit),
    closeCode: known(closeCode),
    statement: statement ? ruleName(statement) : undefined,
    serverReference,
    evidence: observed(stage, elapsed, attempt, silent),
    retryable: isRefusal ? retryable : undefined,
    cause,
  });
}

/** @internal `error` itself when it is ours, else an error of this code with it as the cause. */
export function asMqttError(error: unknown, code: ErrorCode, init?: MqttErrorInit): MqttError {
  return error instanceof MqttError ? error : new MqttError(code, { ...init, cause: error });
}

/** @internal Throws `invalid-argument`; for checks in expressions. */
export function invalidArgument(detail: string, hint?: string): never {
  throw new MqttError("invalid-argument", { detail, hint });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Milliseconds within which a server that does not like a client ends its connection. */
const SOON = 5000;

const UNKNOWN = [
  "",
  "engine-crashed",
  "application",
  false,
  "Update wasmqtt: its parts do not match.",
] as const;

function known(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

/** What the end of a connection hints at: by its close code, or by how far it had come. */
function hintOfEnd(number: number, closeCode: number, stage: number, elapsed: number): string | undefined {
  if (number === 33 && stage === 1) return ERROR_CODES.find(([, name]) => name === "malformed-packet")?.[4]; // no broker at all
  if (number !== 34 && number !== 46) return undefined;
  return CLOSE_HINTS[closeCode] ?? (stage === 2 && elapsed < SOON ? SOON_HINT : undefined);
}

/** What the engine saw, and how the page is now. */
function observed(
  stage: number,
  elapsed: number,
  attempt: number,
  silent: number,
): ErrorEvidence | undefined {
  const phase = (["dialing", "handshake", "connected"] as const)[stage];
  if (!phase) return undefined;
  const page = { visibility: globalThis.document?.visibilityState, online: globalThis.navigator?.onLine };
  return { phase, elapsed, attempt, ...defined({ silent: known(silent), ...page }) };
}

function describeReason(code: number | undefined): string | undefined {
  return code === undefined
    ? undefined
    : `0x${code.toString(16).padStart(2, "0")} ${reasonName(code) ?? ""}`.trim();
}

/** @internal Without the fields that are undefined. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
