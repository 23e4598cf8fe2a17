import type { StoreChange } from "../store/types.js";
import { fromBase64, toBase64 } from "./base64.js";

/** Bytes of one part: in Base64 it fits under a key of every platform (Alipay: 200 KB), and it is a whole number of letters. */
const PART = 3 * 43_690;
const VERSION = 1;
/** Version and whether everything before is void; then changes: key, length, bytes. */
const HEAD = 2;
const CHANGE_HEAD = 12;
const REMOVED = 0xffff_ffff;

/** What one `write` of a store changes. */
export interface Batch {
  /** Everything before is void. */
  readonly all: boolean;
  readonly changes: readonly StoreChange[];
}

/** A batch as texts, each for a key of its own: which part of how many, and the bytes. */
export function encodeBatch({ all, changes }: Batch): string[] {
  const size = changes.reduce((sum, [, record]) => sum + CHANGE_HEAD + (record?.length ?? 0), HEAD);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  bytes[1] = Number(all);
  let at = HEAD;
  for (const [key, record] of changes) {
    view.setFloat64(at, key);
    view.setUint32(at + 8, record?.length ?? REMOVED);
    at += CHANGE_HEAD;
    if (record) bytes.set(record, at);
    at += record?.length ?? 0;
  }
  const count = Math.ceil(size / PART);
  const part = (index: number) => toBase64(bytes.subarray(index * PART, (index + 1) * PART));
  return Array.from({ length: count }, (_, index) => `${index}/${count}:${part(index)}`);
}

/** Which part a text is. */
export function partOf(text: string): { readonly index: number; readonly count: number } | undefined {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6}):/.exec(text) ?? [];
  return count === undefined ? undefined : { index: Number(index), count: Number(count) };
}

/** The batch that these parts make, or `undefined` if they make none. */
export function decodeBatch(texts: readonly string[]): Batch | undefined {
  const parts = texts.map((text) => fromBase64(text.slice(text.indexOf(":") + 1)));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + (part?.length ?? 0), 0));
  let filled = 0;
  for (const part of parts) {
    if (!part) return undefined;
    bytes.set(part, filled);
    filled += part.length;
  }
  if (bytes[0] !== VERSION || bytes.length < HEAD) return undefined;
  const view = new DataView(bytes.buffer);
  const changes: StoreChange[] = [];
  for (let at = HEAD; at < bytes.length; ) {
    if (at + CHANGE_HEAD > bytes.length) return undefined;
    const key = view.getFloat64(at);
    const length = view.getUint32(at + 8);
    at += CHANGE_HEAD;
    const end = at + (length === REMOVED ? 0 : length);
    if (end > bytes.length) return undefined;
    changes.push([key, length === REMOVED ? undefined : bytes.slice(at, end)]);
    at = end;
  }
  return { all: bytes[1] === 1, changes };
}
