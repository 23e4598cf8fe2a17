// The section of a module that names the features of WebAssembly it was compiled with.
import { Failure } from "../lib/run.mjs";

const SECTION = "target_features";
const CUSTOM = 0;
const HEADER = 8; // magic, version

/** The module without some features in that section. Its code stays as it is. */
export function withoutFeatures(bytes, features) {
  const parts = [bytes.subarray(0, HEADER)];
  let found = false;
  for (let at = HEADER; at < bytes.length; ) {
    const [length, start] = readNumber(bytes, at + 1);
    const end = start + length;
    const [name, body] = bytes[at] === CUSTOM ? readName(bytes, start) : [];
    if (name === SECTION) {
      found = true;
      const content = Buffer.concat([writeName(SECTION), rest(bytes, body, features)]);
      parts.push(Buffer.from([CUSTOM, ...number(content.length)]), content);
    } else parts.push(bytes.subarray(at, end));
    at = end;
  }
  if (!found) throw new Failure(`the module has no section ${SECTION}`);
  return Buffer.concat(parts);
}

/** A list: for each feature a byte that says how it is used, and its name. */
function rest(bytes, start, features) {
  const [count, first] = readNumber(bytes, start);
  const kept = [];
  for (let index = 0, at = first; index < count; index++) {
    const [name, next] = readName(bytes, at + 1);
    if (!features.includes(name)) kept.push(bytes.subarray(at, next));
    at = next;
  }
  return Buffer.concat([Buffer.from(number(kept.length)), ...kept]);
}

function readName(bytes, at) {
  const [length, start] = readNumber(bytes, at);
  return [bytes.toString("utf8", start, start + length), start + length];
}

const writeName = (name) => Buffer.from([...number(name.length), ...Buffer.from(name)]);

/** LEB128: seven bits a byte, the lowest first. */
function readNumber(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}
