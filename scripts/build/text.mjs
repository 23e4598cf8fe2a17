// Bytes as text for a script. A browser downloads it compressed, and base64 hides from the compressor what is alike: three
// bytes begin in four different ways. Here each byte is always the same text, a character or two, and no minifier has
// to escape any of them.

/** The first character; `"` and what is below lies under it. */
const FIRST = 0x23;
const BACKSLASH = 0x5c;
/** The first so many characters announce a byte above the rest, so many of which are a character of their own. */
const PREFIXES = 2;
const SINGLE = 0x7e - FIRST - PREFIXES;

/** The text of `bytes`, which `js/src/text.ts` reads. */
export function toText(bytes) {
  const texts = Array.from({ length: 256 }, (_, byte) => {
    const last = character(PREFIXES + (byte % SINGLE));
    return byte < SINGLE ? last : character(Math.floor(byte / SINGLE) - 1) + last;
  });
  return Array.from(bytes, (byte) => texts[byte]).join("");
}

function character(index) {
  const code = FIRST + index;
  return String.fromCharCode(code < BACKSLASH ? code : code + 1);
}
