/** A site over TLS: pages of an app at an origin of its own, good for `localhost` like the server's. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { serverFiles } from './certificates.js';

/** What lets a server of the tests speak TLS: settings, what its sample API trusts, and the issuer's address. */
export const overTls = {
  settings: { SYMBOLON_HTTP__TLS__CERT: serverFiles.cert, SYMBOLON_HTTP__TLS__KEY: serverFiles.key, SSL_CERT_FILE: serverFiles.cert },
  front: (origin) => origin.replace('http://127.0.0.1', 'https://localhost'),
};

/**
 * Answers every path with the same page, which loads `scripts`; below `/api/` with what the request was authorized by.
 * @param {Record<string, string | Buffer>} scripts their text by their paths, in the order in which they are loaded
 * @param {Record<string, string>} [pages] other pages, by their paths
 */
export async function serveSite(scripts, pages = {}) {
  const loaded = Object.keys(scripts).map((path) => `<script src="${path}"></script>`).join('');
  const page = `<!doctype html><html lang="en"><title>App</title><base href="/"><link rel="icon" href="data:,"><body><app-root></app-root>${loaded}</html>`;
  const [key, cert] = await Promise.all([readFile(serverFiles.key), readFile(serverFiles.cert)]);
  const listener = createServer({ key, cert }, (request, response) => {
    const { pathname } = new URL(request.url, 'https://localhost');
    const [type, body] = pathname.startsWith('/api/')
      ? ['application/json', JSON.stringify({ authorization: request.headers.authorization ?? null })]
      : scripts[pathname]
        ? ['text/javascript', scripts[pathname]]
        : ['text/html; charset=utf-8', pages[pathname] ?? page];
    response.setHeader('content-type', type).end(body);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const origin = `https://localhost:${listener.address().port}`;
  const close = () => {
    listener.close();
    listener.closeAllConnections();
  };
  return { origin, close };
}
