/** Tokens bound to a certificate (RFC 8705 §3): good on its connections, and on no others. */

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { createSecureServer, connect } from 'node:http2';
import { before, test } from 'node:test';
import { readHeader } from '../src/certificates.js';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, reasonOf, TestIssuer, wholeFile } from './support/issuer.js';
import { serve } from './support/app.js';

const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

const pem = (name) => readFileSync(new URL(`../../../tests/certificates/${name}`, import.meta.url), 'utf8');
const der = (name) => new X509Certificate(pem(`${name}.crt`)).raw;
const thumbprint = (name) => createHash('sha256').update(der(name)).digest('base64url');
const credentials = (name) => ({ cert: pem(`${name}.crt`), key: pem(`${name === 'self-again' ? 'self' : name}.key`) });
const bound = (name, more = {}) => issuer.token({ cnf: { 'x5t#S256': thumbprint(name) }, ...more });

const guardWith = (certificates = {}, options = {}) =>
  createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', certificates, ...options }, issuer.clock);

/** A server that asks for certificates and takes any; gives what asks it, with a certificate or without. */
async function serveTls(t, guard) {
  const options = { ...credentials('of-server'), requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (req, res) => guard(req, res, () => res.end('in')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  return (token, name) =>
    new Promise((done, failed) => {
      const shown = name === undefined ? {} : credentials(name);
      const asking = request({
        port, host: '127.0.0.1', path: '/me', rejectUnauthorized: false, agent: false, ...shown,
        headers: { authorization: `Bearer ${token}` },
      });
      asking.on('error', failed);
      asking.on('response', (response) => {
        response.resume();
        done({ status: response.statusCode, challenge: response.headers['www-authenticate'] });
      });
      asking.end();
    });
}

function refused({ status, challenge }) {
  assert.equal(status, 401);
  assert.match(challenge, /^Bearer realm="[^"]*", error="invalid_token"$/);
}

test('rfc8705_section_3 a bound token counts over its own certificate only', async (t) => {
  const ask = await serveTls(t, guardWith());
  const token = await bound('self');
  // Both when it is new and when it was seen before.
  for (let turn = 0; turn < 2; turn++) {
    assert.equal((await ask(token, 'self')).status, 200);
    refused(await ask(token, 'self-again'));
    refused(await ask(token, 'client'));
    refused(await ask(token));
  }
  assert.equal((await ask(await issuer.token(), 'client')).status, 200, 'a token that is bound to nothing');
});

test('rfc8705_section_3 without being told the guard refuses bound tokens', async (t) => {
  const token = await bound('self');
  const plain = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off' }, issuer.clock);
  const proven = createGuard(
    { issuer: issuer.url, audience: AUDIENCE, revocation: 'off', dpop: { publicUrl: AUDIENCE } }, issuer.clock);
  for (const guard of [plain, proven]) {
    const ask = await serveTls(t, guard);
    assert.equal((await ask(token, 'self')).status, 401);
    assert.equal(await reasonOf(guard.verify(token)), 'sender_constrained');
  }
  const ask = await serveTls(t, guardWith());
  refused(await ask(await issuer.token({ cnf: { jkt: 'k' } }), 'self'));
});

test('a kind of binding that nobody knows is no binding to pass', async (t) => {
  const ask = await serveTls(t, guardWith());
  for (const cnf of [{}, { x5t: 'a' }, { 'x5t#S256': 1 }, { 'x5t#S256': '' }, { 'x5t#S256': thumbprint('self'), jkt: 'b' }, 'x', null])
    refused(await ask(await issuer.token({ cnf }), 'self'));
});

test('where binding is required a plain token is refused', async (t) => {
  const ask = await serveTls(t, guardWith({ required: true }));
  refused(await ask(await issuer.token(), 'self'));
  assert.equal((await ask(await bound('self'), 'self')).status, 200);
});

test('a token that came without a request is not bound to its connection', async () => {
  assert.equal(await reasonOf(guardWith().verify(await bound('self'))), 'sender_constrained');
});

test('the requests of an HTTP/2 connection share its certificate', async (t) => {
  const guard = guardWith();
  const options = { ...credentials('of-server'), requestCert: true, rejectUnauthorized: false };
  const server = createSecureServer(options, (req, res) => guard(req, res, () => res.end('in')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  for (const [name, status] of [['self', 200], ['client', 401]]) {
    const session = connect(`https://127.0.0.1:${server.address().port}`, { ...credentials(name), rejectUnauthorized: false });
    const stream = session.request({ ':path': '/me', authorization: `Bearer ${await bound('self')}` });
    const [headers] = await once(stream, 'response');
    assert.equal(headers[':status'], status);
    stream.resume();
    session.close();
  }
});

const header = (name) => `:${der(name).toString('base64')}:`;

test('rfc9440_section_4 the header is believed from the named proxy only', async (t) => {
  const token = await bound('self');
  const headers = { 'client-cert': header('self') };
  const statusOf = async (proxies, more = headers) =>
    (await (await serve(t, [guardWith({ header: 'Client-Cert', proxies })]))('/me', { token, headers: more })).status;
  for (const proxies of [['127.0.0.1'], ['::1', '127.0.0.0/8']]) assert.equal(await statusOf(proxies), 200);
  for (const proxies of [[], ['127.0.0.2'], ['10.0.0.0/8'], ['::1']]) assert.equal(await statusOf(proxies), 401, String(proxies));
  for (const value of [header('client'), '', ':', 'x', [header('self'), header('self')]])
    assert.equal(await statusOf(['127.0.0.1'], { 'client-cert': value }), 401, String(value).slice(0, 20));
  assert.equal(await statusOf(['127.0.0.1'], {}), 401);
});

test('three ways to write one certificate', () => {
  const escaped = encodeURIComponent(pem('self.crt'));
  for (const text of [header('self'), escaped, der('self').toString('base64')])
    assert.deepEqual(Buffer.from(readHeader(text)), der('self'));
  for (const text of ['', ':', '::', ':YQ:', `${header('self')};a=1`, `${header('self')}, ${header('self')}`, '%', '-----BEGIN', pem('self.key'),
    encodeURIComponent(pem('self.crt') + pem('client.crt')), 'A'.repeat(50_000)])
    assert.equal(readHeader(text), undefined, text.slice(0, 40));
});

test('what cannot be is told', () => {
  for (const certificates of [
    true, 1, { header: '' }, { header: 'a b' }, { proxies: ['127.0.0.1'] }, { header: 'a', proxies: ['localhost'] }, { require: true },
    { header: 'a', proxies: ['10.0.0.0/33'] }, { header: 'a', proxies: ['10.0.0.0/8/8'] },
  ])
    assert.throws(() => guardWith(certificates), { name: 'ConfigError' }, JSON.stringify(certificates));
});

test('the metadata says it (RFC 9728 §2)', async (t) => {
  const guard = guardWith({}, { scopesSupported: ['read:dragons'] });
  const ask = await serve(t, [guard.metadata(), guard]);
  const told = JSON.parse((await ask('/.well-known/oauth-protected-resource')).body);
  assert.equal(told.tls_client_certificate_bound_access_tokens, true);
  assert.deepEqual(told.scopes_supported, ['read:dragons']);
  assert.match((await ask('/me')).challenge, /resource_metadata="https:\/\/api\.example\.com\/\.well-known\/oauth-protected-resource"/);
});
