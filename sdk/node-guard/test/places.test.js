/** Where a token may stand, and what a cookie needs (RFC 6750 §2, Fetch Metadata). */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import { createGuard } from '../src/guard.js';
import { find } from '../src/extract.js';
import { AUDIENCE, TestIssuer, wholeFile } from './support/issuer.js';
import { serve } from './support/app.js';

const COOKIE = { cookie: '__Host-at', cookieOrigins: ['https://app.example.com'], query: false };

const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

/** What is found in a request with these headers, or the reason of the refusal. */
function found(sources, headers, { method = 'GET', url = '/' } = {}) {
  const byName = {};
  for (const [name, value] of headers) byName[name] ??= value;
  try {
    return find({ method, url, headers: byName, rawHeaders: headers.flat() }, sources)?.token;
  } catch ({ reason }) {
    return reason;
  }
}

const post = (...headers) =>
  found(COOKIE, [['host', 'api.example.com'], ['cookie', 'a=1; __Host-at=t.t.t'], ...headers], { method: 'POST' });

test('a cookie counts by its exact name, once', () => {
  const get = (cookie, sources = COOKIE) => found(sources, [['cookie', cookie]]);
  assert.equal(get('x=1; __Host-at=t'), 't');
  for (const other of ['__host-at=t', '__Host-at2=t', 'x__Host-at=t', '__Host-at', '%5F_Host-at=t', '__Host-at =t', '\u00a0__Host-at=t'])
    assert.equal(get(other), undefined, other);
  assert.equal(get('__Host-at=t; __Host-at=u'), 'two_tokens');
  assert.equal(get('__Host-at=a b'), 'not_one_token');
  assert.equal(get('__Host-at=t', { cookieOrigins: [], query: false }), undefined);
});

test('a cookie beside a header is ignored', () => {
  const headers = [['authorization', 'Bearer h'], ['cookie', '__Host-at=t']];
  assert.equal(found(COOKIE, headers, { method: 'POST' }), 'h');
});

test('state-changing requests need a page of the same origin', () => {
  const good = [
    [['sec-fetch-site', 'same-origin']],
    [['sec-fetch-site', 'none']],
    [['sec-fetch-site', 'same-site'], ['origin', 'https://app.example.com']],
    [['origin', 'https://api.example.com']],
  ];
  for (const headers of good) assert.equal(post(...headers), 't.t.t', String(headers));
  const bad = [
    [],
    [['sec-fetch-site', 'cross-site']],
    [['sec-fetch-site', 'same-site']],
    [['sec-fetch-site', 'cross-site'], ['origin', 'https://api.example.com']],
    [['sec-fetch-site', '']],
    [['origin', 'null']],
    [['origin', 'https://evil.example']],
    [['origin', 'https://api.example.com.evil.example']],
    [['origin', 'https://app.example.com.evil.example']],
    [['origin', 'https://api.example.com:8443']],
    [['origin', 'http://api.example.com']],
    [['origin', 'ftp://api.example.com']],
    [['origin', 'api.example.com']],
    [['origin', 'https://evil.example'], ['origin', 'https://app.example.com']],
  ];
  for (const headers of bad) assert.equal(post(...headers), 'cross_site', String(headers));
});

test('plain http vouches on loopback only', () => {
  const result = (host, origin) =>
    found(COOKIE, [['host', host], ['origin', origin], ['cookie', '__Host-at=t']], { method: 'POST' });
  for (const host of ['localhost:4402', 'app.localhost', '127.0.0.1:4402', '127.1.2.3', '[::1]:4402']) {
    assert.equal(result(host, `http://${host}`), 't', host);
    assert.equal(result(host, `https://${host}`), 't', host);
    assert.equal(result(host, 'http://localhost:9999'), 'cross_site', host);
  }
  for (const host of ['api.example.com', 'localhost.example.com', 'notlocalhost', '10.0.0.1', '127.0.0.1.example.com']) {
    assert.equal(result(host, `http://${host}`), 'cross_site', host);
    assert.equal(result(host, `https://${host}`), 't', host);
  }
});

test('a WebSocket is not safe', () => {
  const headers = [['host', 'api.example.com'], ['upgrade', 'websocket'], ['origin', 'https://evil.example'], ['cookie', '__Host-at=t']];
  assert.equal(found(COOKIE, headers), 'cross_site');
});

test('the query is off until chosen', () => {
  const off = { cookieOrigins: [], query: false };
  const on = { ...off, query: true };
  assert.equal(found(off, [], { url: '/x?access_token=a.b.c&y=1' }), undefined);
  assert.equal(found(on, [], { url: '/x?access_token=a.b.c&y=1' }), 'a.b.c');
  assert.equal(found(on, [], { url: '/x?access_token=a&access_token=a' }), 'two_tokens');
  assert.equal(found(on, [], { url: '/x?access_token=' }), 'not_one_token');
  assert.equal(found(on, [['authorization', 'Bearer h']], { url: '/x?access_token=a' }), 'two_tokens');
});

test('cookie and query work in a real server, and a query never lands in a shared cache', async (t) => {
  const options = { issuer: issuer.url, audience: AUDIENCE, revocation: 'off', cookie: '__Host-at', query: true };
  const ask = await serve(t, [createGuard(options, issuer.clock)]);
  const token = await issuer.token();
  const headers = { cookie: `x=1; __Host-at=${token}` };
  assert.equal((await ask('/', { headers })).status, 200);
  const refused = await ask('/', { method: 'POST', headers });
  assert.deepEqual([refused.status, refused.body, refused.challenge], [403, '{"error":"forbidden"}', `Bearer realm="${AUDIENCE}"`]);
  const origin = ask.url;
  assert.equal((await ask('/', { method: 'POST', headers: { ...headers, origin } })).status, 200);
  const inQuery = await ask(`/?access_token=${token}`);
  assert.deepEqual([inQuery.status, inQuery.headers['cache-control']], [200, 'private']);
  assert.equal((await ask('/', { token })).headers['cache-control'], undefined);
  assert.equal((await ask(`/?access_token=${token}`, { token })).status, 400);
});

test('a token that was issued into the cookie needs the token of its page as well', async (t) => {
  const options = { issuer: issuer.url, audience: AUDIENCE, revocation: 'off', cookie: '__Host-at' };
  const ask = await serve(t, [createGuard(options, issuer.clock)]);
  const hash = createHash('sha256').update('page').digest('base64url');
  const token = await issuer.token({ 'csrf#S256': hash });
  const post = async (headers, value = token) =>
    (await ask('/', { method: 'POST', headers: { cookie: `__Host-at=${value}`, ...headers } })).status;
  const own = { 'sec-fetch-site': 'same-origin' };
  assert.equal((await ask('/', { headers: { cookie: `__Host-at=${token}` } })).status, 200);
  for (const _ of ['first seen', 'seen before']) {
    assert.equal(await post({ ...own, 'x-csrf-token': 'page' }), 200);
    for (const headers of [
      own,
      { ...own, 'x-csrf-token': '' },
      { ...own, 'x-csrf-token': 'another' },
      { ...own, 'x-csrf-token': hash },
      { ...own, 'x-csrf-token': ['page', 'page'] },
      { 'sec-fetch-site': 'cross-site', 'x-csrf-token': 'page' },
      { 'x-csrf-token': 'page' },
    ])
      assert.equal(await post(headers), 403, JSON.stringify(headers));
  }
  assert.equal(await post({ ...own, 'x-csrf-token': 'page' }, await issuer.token({ 'csrf#S256': 1 })), 403);
  assert.equal((await ask('/', { method: 'POST', token })).status, 200, 'sent on purpose it is a token like any other');
});
