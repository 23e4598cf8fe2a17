// SCRAM-SHA-256 (RFC 5802, RFC 7677) with Web Crypto: an application's authenticator, as a reader might write it.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function hmac(key, text) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
}

async function hi(password, salt, iterations) {
  const key = await crypto.subtle.importKey("raw", encoder.encode(password), "PBKDF2", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    key,
    256,
  );
  return new Uint8Array(bits);
}

/** An authenticator for one account. */
export function scram({ username, password }) {
  let bare;

  const start = () => {
    const nonce = base64(crypto.getRandomValues(new Uint8Array(18)));
    bare = `n=${username.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
    return encoder.encode(`n,,${bare}`);
  };

  const respond = async (challenge) => {
    const text = decoder.decode(challenge);
    const field = Object.fromEntries(text.split(",").map((part) => [part[0], part.slice(2)]));
    const salted = await hi(password, fromBase64(field.s), Number(field.i));
    const clientKey = await hmac(salted, "Client Key");
    const storedKey = new Uint8Array(await crypto.subtle.digest("SHA-256", clientKey));
    const final = `c=biws,r=${field.r}`;
    const signature = await hmac(storedKey, `${bare},${text},${final}`);
    const proof = clientKey.map((byte, at) => byte ^ signature[at]);
    return encoder.encode(`${final},p=${base64(proof)}`);
  };

  return { method: "SCRAM-SHA-256", start, respond };
}
