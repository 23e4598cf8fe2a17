import type { ErrorCode } from "./error-codes.js";
import { MqttError } from "./errors.js";

/** Turns UTF-8 into a string; throws a `TypeError` for anything else. A byte order mark is a character (1.5.4-3). */
export type Decode = (bytes: Uint8Array) => string;

// Safari 16 to 18 fail once a decoder has seen 2 GiB.
const RENEW_AFTER_BYTES = 2 ** 30;

export function createDecoder(): Decode {
  let decoder: TextDecoder | undefined;
  let seen = 0;
  return (bytes) => {
    seen += bytes.length;
    if (!decoder || seen > RENEW_AFTER_BYTES) {
      decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      seen = bytes.length;
    }
    return decoder.decode(bytes);
  };
}

/**
 * Throws `code` unless `text` has an encoding in UTF-8: every encoder on the way would silently replace a lone
 * surrogate by U+FFFD (MQTT-1.5.4-1).
 */
export function assertWellFormed(text: string, code: ErrorCode, detail: string): void {
  const native = text as { isWellFormed?(): boolean };
  if (native.isWellFormed?.() ?? !/[\ud800-\udfff]/u.test(text)) return; // Hermes knows no \p{Surrogate}
  const hint = "Remove the lone surrogate: half of a character pair, often left by cutting a string.";
  throw new MqttError(code, { detail, hint });
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
