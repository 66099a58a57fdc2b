/**
 * Serves what the build made, as any static server would: unknown paths get the page, and the page may run and call
 * nothing but itself, the issuer and the API. ISSUER, API, AUDIENCE, CLIENT_ID and PORT change what config.json says;
 * DPOP=off is for an API that knows no proofs.
 */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const folder = join(import.meta.dirname, 'dist');
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

const { ISSUER, API, AUDIENCE, CLIENT_ID, DPOP, PORT = '4200' } = process.env;
const written = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
const config = {
  issuer: ISSUER ?? written.issuer,
  clientId: CLIENT_ID ?? written.clientId,
  api: API ?? written.api,
  audience: AUDIENCE ?? API ?? written.audience,
  ...(DPOP === 'off' && { dpop: false }),
};
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self' blob:",
  `connect-src 'self' ${config.issuer} ${config.api}`,
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The file of a path, or the page: its router knows the path. */
async function find(path) {
  const name = path === '/' ? 'index.html' : path.slice(1);
  if (name === 'config.json') return { name, body: JSON.stringify(config) };
  if (!name.includes('..') && TYPES[extname(name)]) {
    const body = await readFile(join(folder, name)).catch(() => undefined);
    return body && { name, body };
  }
  return { name: 'index.html', body: await readFile(join(folder, 'index.html')) };
}

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const found = await find(pathname);
  const hashed = /-[A-Z0-9]{8}\.(js|css)$/.test(found?.name); // a new build has new names
  response.writeHead(found ? 200 : 404, {
    'Content-Type': TYPES[extname(found?.name ?? '.html')],
    'Content-Security-Policy': policy,
    'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(found?.body);
}).listen(Number(PORT), 'localhost', () => console.log(`the dragons are at http://localhost:${PORT}`));
