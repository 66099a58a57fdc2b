/** The certificates of `tests/certificates`, and requests over TLS that show one. */

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';

const folder = join(import.meta.dirname, '../../certificates');
export const certificateFile = (name) => join(folder, name);
const pem = (name) => readFileSync(certificateFile(name), 'utf8');

/** Certificate and key of a client. */
export const credentials = (name) => ({ cert: pem(`${name}.crt`), key: pem(`${name}.key`) });
/** A certificate in DER. */
export const der = (name) => new X509Certificate(pem(`${name}.crt`)).raw;

/** What the server shows: good for `localhost`. */
const fixture = (name) => join(import.meta.dirname, '../../../crates/server/tests/it/fixtures', name);
export const serverFiles = { cert: fixture('one.crt'), key: fixture('one.key') };
export const serverCertificate = readFileSync(serverFiles.cert, 'utf8');
/** The same, with its key. */
export const serverPair = { cert: serverCertificate, key: readFileSync(serverFiles.key, 'utf8') };

/** `fetch` on connections that show this certificate, or none. */
export function fetchWith(name) {
  const dispatcher = new Agent({ connect: { ca: serverCertificate, ...(name === undefined ? {} : credentials(name)) } });
  return (url, options) => fetch(url, { ...options, dispatcher });
}

/** A port that nothing listens on. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
