const PREVIEW_BYTES = 240;
const HEX_COLUMNS = 16;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what makes bytes binary
const BINARY = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;
const LINE_BREAKS = /\s*[\r\n\t]+\s*/g;

/** @returns {string | undefined} the bytes as UTF-8 text, undefined when they are something else */
export function asText(bytes, limit = bytes.length) {
  const cut = bytes.length > limit;
  try {
    // `stream` forgives a character that the limit cut in two.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, limit), { stream: cut });
    return BINARY.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** @returns {string | undefined} JSON with two spaces of indentation, undefined when it is not an object or a list */
export function asPrettyJson(text) {
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

/** One line for the list: text as it is, or hexadecimal bytes. */
export function preview(bytes) {
  if (bytes.length === 0) return "";
  const text = asText(bytes, PREVIEW_BYTES);
  if (text !== undefined) return text.replace(LINE_BREAKS, " ").trim();
  return [...bytes.subarray(0, 48)].map(hexByte).join(" ");
}

/** Offset, bytes and characters, sixteen to a line. */
export function hexDump(bytes, limit = bytes.length) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, limit); at += HEX_COLUMNS) {
    const part = [...bytes.subarray(at, Math.min(at + HEX_COLUMNS, limit))];
    const hex = part
      .map(hexByte)
      .join(" ")
      .padEnd(HEX_COLUMNS * 3 - 1);
    const characters = part
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·"))
      .join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex}  ${characters}`);
  }
  return lines.join("\n");
}

/** Bytes as one run of hexadecimal digits. */
export function hex(bytes) {
  return [...bytes].map(hexByte).join("");
}

function hexByte(byte) {
  return byte.toString(16).padStart(2, "0");
}

/**
 * Cuts JSON text into pieces with a kind, for colouring.
 *
 * @returns {Generator<[kind: "key" | "string" | "number" | "word" | "", text: string]>}
 */
export function* jsonPieces(text) {
  const token = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;
  let end = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > end) yield ["", text.slice(end, match.index)];
    const [whole, string, colon, number] = match;
    if (string && colon) {
      yield ["key", string];
      yield ["", colon];
    } else {
      yield [string ? "string" : number ? "number" : "word", whole];
    }
    end = match.index + whole.length;
  }
  if (end < text.length) yield ["", text.slice(end)];
}
