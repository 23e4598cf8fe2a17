import type { Host, Platform } from "./host.js";

/** The key-value storage of a host, with texts. Each call has taken effect when it returns, or throws. */
export interface TextStorage {
  keys(): readonly string[];
  get(key: string): string | undefined;
  set(key: string, text: string): void;
  remove(key: string): void;
}

/** What a host says that did not do as it was told; Alipay answers it, others throw it. */
interface Refusal {
  readonly error?: number;
  readonly errorMessage?: string;
  readonly errMsg?: string;
  readonly message?: string;
}

/** Alipay's codes for a key and for a storage that is full. */
const FULL_CODES: readonly (number | undefined)[] = [12, 14];
const FULL_TEXT = /exceed|quota|limit|max(imum)? size|full|空间|超/i;

/** The storage of `host`. Throws if it has none. */
export function textStorage(host: Host, platform: Platform): TextStorage {
  const { setStorageSync, getStorageSync, removeStorageSync, getStorageInfoSync } = host;
  if (!setStorageSync || !getStorageSync || !removeStorageSync || !getStorageInfoSync) {
    throw new Error("The host has no key-value storage.");
  }
  const isAlipay = platform === "my";
  const call = (run: () => unknown): unknown => {
    let answer: unknown;
    try {
      answer = run();
    } catch (thrown) {
      throw refused(thrown as Refusal);
    }
    if ((answer as Refusal | null | undefined)?.error) throw refused(answer as Refusal);
    return answer;
  };
  return {
    keys() {
      const { keys } = Object(call(() => host.getStorageInfoSync?.())) as { keys?: string[] };
      return keys ?? [];
    },
    get(key) {
      const answer = call(() => host.getStorageSync?.(isAlipay ? { key } : key));
      const value = isAlipay ? Object(answer).data : answer;
      return typeof value === "string" && value !== "" ? value : undefined; // "": there is none
    },
    set: (key, text) =>
      void call(() => host.setStorageSync?.(...(isAlipay ? [{ key, data: text }] : [key, text]))),
    remove: (key) => void call(() => host.removeStorageSync?.(isAlipay ? { key } : key)),
  };
}

/** By its name clients know an error that means "full". */
function refused(refusal: Refusal): Error {
  const { error, errorMessage, errMsg, message } = Object(refusal) as Refusal;
  const text = errorMessage ?? errMsg ?? message ?? String(refusal);
  const isFull = FULL_CODES.includes(error) || FULL_TEXT.test(text);
  return Object.assign(new Error(text), { name: isFull ? "QuotaExceededError" : "StorageError" });
}
