// Server certificates as they should be, and wrong in one way each.
import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import "reflect-metadata"; // must come before x509, which reads it
import * as x509 from "@peculiar/x509";

const DAY_MS = 86_400_000;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const { keyCertSign, digitalSignature } = x509.KeyUsageFlags;
const days = (from, to) => ({
  notBefore: new Date(Date.now() + from * DAY_MS),
  notAfter: new Date(Date.now() + to * DAY_MS),
});

/**
 * Writes into `folder`, each as `NAME.pem` with `NAME.key`: `good` for localhost and *.test (not for an IP address),
 * `expired`, `othername` (for other.example), all signed by the authority in `ca.pem`; `untrusted` is signed by another.
 */
export async function makeCertificates(folder) {
  const [ours, theirs] = await Promise.all([authority("wasmqtt test CA"), authority("another CA")]);
  const names = ["localhost", "mqtt.test", "site.test"];
  await Promise.all([
    leaf("good", ours, names, days(-1, 30)),
    leaf("expired", ours, names, days(-30, -1)),
    leaf("othername", ours, ["other.example"], days(-1, 30)),
    leaf("untrusted", theirs, names, days(-1, 30)),
  ]);
  writeFileSync(join(folder, "ca.pem"), ours.certificate.toString("pem"));

  async function leaf(name, { certificate, keys: caKeys }, dnsNames, validity) {
    const keys = await newKeys();
    const made = await x509.X509CertificateGenerator.create(
      {
        subject: `CN=${dnsNames[0]}`,
        issuer: certificate.subject,
        publicKey: keys.publicKey,
        signingKey: caKeys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: "dns", value }))),
        ],
      },
      webcrypto,
    );
    const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    writeFileSync(join(folder, `${name}.pem`), made.toString("pem"));
    writeFileSync(join(folder, `${name}.key`), x509.PemConverter.encode(key, "PRIVATE KEY"), { mode: 0o600 });
  }
}

async function authority(name) {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${name}`,
      keys,
      signingAlgorithm: ALGORITHM,
      ...days(-60, 60),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(keyCertSign, true),
      ],
    },
    webcrypto,
  );
  return { keys, certificate };
}

function newKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}
