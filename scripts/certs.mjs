// A certificate authority for this machine alone, and a server certificate signed by it.
import { createPrivateKey, X509Certificate as NodeCertificate, webcrypto } from "node:crypto";
import fs from "node:fs";
import { isIP } from "node:net";
import os from "node:os";
import path from "node:path";
import "reflect-metadata"; // must come before x509, which reads it
import * as x509 from "@peculiar/x509";

const DAY_MS = 86_400_000;
const VALID_DAYS = 390; // browsers refuse server certificates that are valid for 398 days or more
const RENEW_DAYS = 7;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/**
 * Makes sure that `folder` holds a CA certificate, and a server certificate with its key that are valid for a week or
 * longer and cover this machine's loopback names, its host name and `hosts` (DNS names or IP addresses).
 *
 * The CA's private key is thrown away once it has signed: trusting `ca.pem` trusts that one certificate and no more.
 * @returns the paths of the three PEM files.
 */
export async function ensureCertificates(folder, { hosts = [] } = {}) {
  const files = {
    ca: path.join(folder, "ca.pem"),
    key: path.join(folder, "key.pem"),
    cert: path.join(folder, "cert.pem"),
  };
  const names = [...new Set([...LOOPBACK, os.hostname(), ...hosts])];
  if (usable(files, names)) return files;

  const { ca, key, cert } = await create(names);
  fs.mkdirSync(folder, { recursive: true });
  replace(files.ca, ca, 0o644);
  replace(files.key, key, 0o600);
  replace(files.cert, cert, 0o644);
  return files;
}

function usable(files, names) {
  try {
    const leaf = new NodeCertificate(fs.readFileSync(files.cert));
    const ca = new NodeCertificate(fs.readFileSync(files.ca));
    const key = createPrivateKey(fs.readFileSync(files.key));
    const covers = (name) => (isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name)) !== undefined;
    return (
      leaf.verify(ca.publicKey) &&
      leaf.checkPrivateKey(key) &&
      Date.parse(leaf.validTo) > Date.now() + RENEW_DAYS * DAY_MS &&
      names.every(covers)
    );
  } catch {
    return false; // missing or damaged: made anew
  }
}

async function create(names) {
  const [caKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  const validity = {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + (VALID_DAYS - 1) * DAY_MS),
  };
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;

  const ca = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=wasmqtt local CA, OU=${os.hostname()}`,
      keys: caKeys,
      signingAlgorithm: ALGORITHM,
      ...validity,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const leaf = await x509.X509CertificateGenerator.create(
    {
      subject: "CN=localhost",
      issuer: ca.subject,
      publicKey: keys.publicKey,
      signingKey: caKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      ...validity,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? "ip" : "dns", value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
  return { ca: ca.toString("pem"), key, cert: leaf.toString("pem") };
}

function newKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** Writes beside the old file and renames, so that a reader never sees half a file. */
function replace(file, content, mode) {
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, `${content.trimEnd()}\n`, { mode });
  fs.renameSync(temporary, file);
}
