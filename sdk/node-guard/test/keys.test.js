/** The issuer's keys: fetched once for all, at a bounded rate, kept when the issuer is away (RFC 7517). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, reasonOf, TestIssuer } from './support/issuer.js';
import { until } from './support/clock.js';

const HOUR_MS = 3_600_000;

async function start(t, options = {}) {
  const issuer = await TestIssuer.start(t);
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', ...options }, issuer.clock);
  return { issuer, guard, clock: issuer.clock };
}

const withKid = (issuer, kid) => issuer.token({}, { kid });

test('nothing is fetched before the first token, and then once for all', async (t) => {
  const { issuer, guard } = await start(t);
  assert.deepEqual(issuer.asked, {});
  const tokens = await Promise.all(Array.from({ length: 50 }, () => issuer.token()));
  await Promise.all(tokens.map((token) => guard.verify(token)));
  assert.deepEqual(issuer.asked, { '/.well-known/openid-configuration': 1, '/jwks': 1 });
});

test('a key that is new is found at once', async (t) => {
  const { issuer, guard } = await start(t);
  await guard.verify(await issuer.token());
  const key = await issuer.addKey('k2', 'EdDSA');
  assert.equal(await reasonOf(guard.verify(await issuer.token({}, { key }))), 'accepted');
  assert.equal(issuer.asked['/jwks'], 2);
});

test('two hundred unknown kids cause six fetches at most', async (t) => {
  const { issuer, guard, clock } = await start(t);
  for (let number = 0; number < 200; number++)
    assert.equal(await reasonOf(guard.verify(await withKid(issuer, `x${number}`))), 'unknown_key');
  assert.equal(issuer.asked['/jwks'], 6, 'the first, and a bucket of five');
  await clock.advance(10_000);
  for (let number = 200; number < 210; number++) await reasonOf(guard.verify(await withKid(issuer, `x${number}`)));
  assert.equal(issuer.asked['/jwks'], 7);
});

test('a kid that was not found is not looked for again for ten seconds', async (t) => {
  const { issuer, guard, clock } = await start(t);
  const token = await withKid(issuer, 'late');
  for (let count = 0; count < 5; count++) assert.equal(await reasonOf(guard.verify(token)), 'unknown_key');
  assert.equal(issuer.asked['/jwks'], 2);
  issuer.keys.push({ jwk: { ...issuer.signing.jwk, kid: 'late' } });
  await clock.advance(10_000);
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
});

test('what cannot be a token of this issuer is not worth a fetch', async (t) => {
  const { issuer, guard } = await start(t);
  await guard.ready();
  const [header, payload, signature] = (await issuer.token()).split('.');
  const of = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const one of [{ alg: 'HS256', kid: 'x' }, { alg: 'none', kid: 'x' }, { alg: 'ES256', kid: 7 }, { kid: 'x' }])
    await reasonOf(guard.verify(`${of(one)}.${payload}.${signature}`));
  assert.ok(header && issuer.asked['/jwks'] === 1);
});

test('an old set is renewed in the background, while tokens go on to be accepted', async (t) => {
  const { issuer, guard, clock } = await start(t);
  const token = await issuer.token({ exp: issuer.clock.now() + 86_400 });
  await guard.verify(token);
  await clock.advance(599_000);
  await guard.verify(token);
  assert.equal(issuer.asked['/jwks'], 1);
  await clock.advance(1_000);
  await guard.verify(token);
  await until('it was renewed', () => issuer.asked['/jwks'] === 2);
});

test('max-age is heard between a minute and an hour', async (t) => {
  for (const [header, seconds] of [['max-age=120', 120], ['max-age=1', 60], ['no-store', 60], ['public, Max-Age="9999999"', 3600]]) {
    const { issuer, guard, clock } = await start(t);
    issuer.answers['/jwks'] = (_, response) =>
      response.setHeader('cache-control', header).end(JSON.stringify({ keys: [issuer.signing.jwk] }));
    const token = await issuer.token({ exp: issuer.clock.now() + 86_400 });
    await guard.verify(token);
    await clock.advance((seconds - 1) * 1000);
    await guard.verify(token);
    assert.equal(issuer.asked['/jwks'], 1, header);
    await clock.advance(1000);
    await guard.verify(token);
    await until(header, () => issuer.asked['/jwks'] === 2);
  }
});

test('a key that is gone takes with it what was verified by it', async (t) => {
  const { issuer, guard, clock } = await start(t);
  const other = await issuer.addKey('k2', 'ES256');
  const token = await issuer.token({ exp: issuer.clock.now() + 86_400 }, { key: other });
  await guard.verify(token);
  issuer.keys = issuer.keys.filter((key) => key !== other);
  await clock.advance(600_000);
  await guard.verify(token);
  await until('it was renewed', async () => (await reasonOf(guard.verify(token))) === 'unknown_key');
  assert.equal(guard.status().cache.entries, 0);
});

test('while the issuer is away the last set holds for a day and no longer', async (t) => {
  const { issuer, guard, clock } = await start(t);
  const token = await issuer.token({ exp: issuer.clock.now() + 7 * 86_400 });
  await guard.verify(token);
  issuer.answers['/jwks'] = issuer.answers['/.well-known/openid-configuration'] = (_, response) => response.writeHead(500).end();
  await clock.advance(23 * HOUR_MS);
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  await until('it was tried', () => issuer.asked['/jwks'] === 2);
  await clock.advance(HOUR_MS);
  assert.equal(await reasonOf(guard.verify(token)), 'keys_unavailable');
  issuer.answers = {};
  await clock.advance(30_000);
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
});

test('an issuer that is away is not asked again at once', async (t) => {
  const { issuer, guard, clock } = await start(t);
  issuer.answers['/jwks'] = (_, response) => response.writeHead(503).end();
  const token = await issuer.token();
  for (let count = 0; count < 20; count++) assert.equal(await reasonOf(guard.verify(token)), 'keys_unavailable');
  assert.equal(issuer.asked['/jwks'], 1);
  const refused = await guard.verify(token).catch((error) => error);
  assert.equal(refused.retryAfterSecs, 1);
  await clock.advance(1000);
  await reasonOf(guard.verify(token));
  assert.equal(issuer.asked['/jwks'], 2);
  assert.equal((await guard.verify(token).catch((error) => error)).retryAfterSecs, 2);
});

test('one unreadable key does not spoil the set', async (t) => {
  const { issuer, guard } = await start(t);
  issuer.answers['/jwks'] = (_, response) => response.end(JSON.stringify({
    keys: [null, 7, {}, { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, { kty: 'oct', k: 'c2VjcmV0' }, { kty: '__proto__' },
      { ...issuer.signing.jwk, kid: 7 }, { ...issuer.signing.jwk, kid: 'enc', use: 'enc' }, issuer.signing.jwk],
  }));
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'accepted');
  assert.equal(await reasonOf(guard.verify(await issuer.token({}, { kid: 'enc' }))), 'unknown_key');
});

test('weak and symmetric keys are no keys', async (t) => {
  const { issuer, guard } = await start(t);
  const weak = { kty: 'RSA', n: Buffer.alloc(128, 0xff).toString('base64url'), e: 'AQAB', alg: 'RS256', kid: 'w' };
  const secret = { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256', kid: 'k1' };
  issuer.answers['/jwks'] = (_, response) => response.end(JSON.stringify({ keys: [weak, secret] }));
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'keys_unavailable');
});

test('without a kid the only key that fits is meant, and of two none', async (t) => {
  const { issuer, guard, clock } = await start(t);
  await issuer.addKey('k2', 'EdDSA');
  assert.equal(await reasonOf(guard.verify(await issuer.token({}, { kid: undefined }))), 'accepted');
  await issuer.addKey('k3', 'ES256');
  await clock.advance(600_000);
  await reasonOf(guard.verify(await issuer.token({ exp: clock.now() + 900 })));
  await until('two would do', async () =>
    (await reasonOf(guard.verify(await issuer.token({}, { kid: undefined })))) === 'unknown_key');
});

test('redirects, long documents and documents of others bring no keys', async (t) => {
  const broken = {
    redirect: (issuer) => (_, response) => response.writeHead(302, { location: `${issuer.url}/jwks` }).end(),
    long: () => (_, response) => response.end(JSON.stringify({ keys: [], x: 'x'.repeat(256 * 1024) })),
    endless: () => (_, response) => { for (let count = 0; count < 40; count++) response.write('x'.repeat(8192)); },
    text: () => (_, response) => response.end('nonsense'),
    list: () => (_, response) => response.end('[]'),
    cut: () => (_, response) => response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
  };
  for (const [name, answer] of Object.entries(broken)) {
    const { issuer, guard } = await start(t);
    issuer.answers['/jwks'] = answer(issuer);
    assert.equal(await reasonOf(guard.verify(await issuer.token())), 'keys_unavailable', name);
  }
  for (const metadata of [{ issuer: 'https://evil.example' }, { jwks_uri: 'http://10.0.0.1/jwks' }, { jwks_uri: undefined }, { jwks_uri: 7 }]) {
    const { issuer, guard } = await start(t);
    issuer.metadata = metadata;
    assert.equal(await reasonOf(guard.verify(await issuer.token())), 'keys_unavailable', JSON.stringify(metadata));
  }
});

test('an issuer that says nothing is given up after five seconds', async (t) => {
  const { issuer, guard, clock } = await start(t);
  issuer.answers['/jwks'] = () => {};
  const verdict = reasonOf(guard.verify(await issuer.token()));
  await until('it was asked', () => issuer.asked['/jwks'] === 1);
  await clock.advance(5_000);
  assert.equal(await verdict, 'keys_unavailable');
});

test('the key set can be somewhere else, and fetched by what the owner gives', async (t) => {
  const { issuer } = await start(t);
  issuer.answers['/.well-known/openid-configuration'] = (_, response) => response.writeHead(404).end();
  const asked = [];
  const fetch = (url, init) => {
    asked.push(url);
    return globalThis.fetch(url, init);
  };
  const options = { issuer: 'https://elsewhere.example', audience: AUDIENCE, jwksUrl: `${issuer.url}/jwks?p=1`, fetch, revocation: 'off' };
  const guard = createGuard(options, issuer.clock);
  assert.equal(await reasonOf(guard.verify(await issuer.token({ iss: 'https://elsewhere.example' }))), 'accepted');
  assert.deepEqual(asked, [`${issuer.url}/jwks?p=1`]);
});

test('every algorithm with a key pair works', async (t) => {
  const { issuer, guard } = await start(t);
  for (const alg of ['ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256', 'RS512']) {
    const key = await issuer.addKey(alg, alg);
    await guard.ready();
    assert.equal(await reasonOf(createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off' }, issuer.clock)
      .verify(await issuer.token({}, { key }))), 'accepted', alg);
  }
});
