/** Tokens bound to a key (RFC 9449 §7): good with a proof, and nothing without. */

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { isSameUri } from '../src/dpop.js';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, reasonOf, TestIssuer, wholeFile } from './support/issuer.js';
import { serve } from './support/app.js';
import { START } from './support/clock.js';

const PUBLIC = 'https://api.example.com';
const ME = `${PUBLIC}/me`;
const file = wholeFile();
let issuer;
let key;
before(async () => {
  issuer = await TestIssuer.start(file);
  key = await newKey();
});

async function newKey(alg = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

const guardWith = (dpop = {}, options = {}) =>
  createGuard(
    { issuer: issuer.url, audience: AUDIENCE, revocation: 'off', dpop: { publicUrl: PUBLIC, ...dpop }, ...options },
    issuer.clock,
  );
const bound = (more = {}) => issuer.token({ cnf: { jkt: key.jkt }, ...more });
const ath = (token) => createHash('sha256').update(token).digest('base64url');

/** A proof for `GET /me` with this token; members that are undefined are left out. */
function proofOf(token, changes = {}, header = {}, by = key) {
  const claims = { jti: randomUUID(), htm: 'GET', htu: ME, iat: issuer.clock.now(), ath: ath(token), ...changes };
  for (const name of Object.keys(claims)) if (claims[name] === undefined) delete claims[name];
  return new SignJWT(claims).setProtectedHeader({ alg: by.alg, typ: 'dpop+jwt', jwk: by.jwk, ...header }).sign(by.privateKey);
}

const show = (ask, token, proof, path = '/me', more = {}) =>
  ask(path, { headers: { Authorization: `DPoP ${token}`, ...(proof === undefined ? {} : { DPoP: proof }), ...more } });

/** Refused with one challenge, in the scheme that has proofs. */
function refused({ status, challenge, body }, error) {
  assert.equal(status, 401, challenge);
  assert.match(challenge, new RegExp(`^DPoP realm="[^"]*", error="${error}".*, algs="[^"]*ES256`));
  assert.doesNotMatch(challenge, /Bearer/);
  assert.equal(body, '{"error":"unauthorized"}');
}

test('a bound token is good with a proof, and each proof once (RFC 9449 §7.1, §11.1)', async (t) => {
  const guard = guardWith();
  const ask = await serve(t, [guard]);
  const token = await bound();
  const proof = await proofOf(token);
  assert.equal((await show(ask, token, proof)).status, 200);
  refused(await show(ask, token, proof), 'invalid_dpop_proof');
  // Remembered as a token, and yet its proof is asked for every time.
  assert.equal((await show(ask, token, await proofOf(token), '/me?a=b')).status, 200);
  assert.ok(guard.status().cache.hits > 0);
  refused(await show(ask, token), 'invalid_dpop_proof');
  assert.deepEqual(guard.status().proofs, { entries: 2, forgotten: 0 });
});

test('a bound token is no bearer\'s, wherever it stands (RFC 9449 §7.2)', async (t) => {
  const guard = guardWith({}, { cookie: '__Host-t', query: true });
  const ask = await serve(t, [guard]);
  const token = await bound();
  const DPoP = await proofOf(token);
  // Both when it is new and when it was seen before.
  for (let turn = 0; turn < 2; turn++) {
    refused(await ask('/me', { token, headers: { DPoP } }), 'invalid_token');
    refused(await ask('/me', { headers: { DPoP, cookie: `__Host-t=${token}` } }), 'invalid_token');
    refused(await ask(`/me?access_token=${token}`, { headers: { DPoP } }), 'invalid_token');
    assert.equal(await reasonOf(guard.verify(token)), 'sender_constrained');
  }
});

test('a plain token proves nothing under the scheme for bound ones', async (t) => {
  const ask = await serve(t, [guardWith()]);
  const token = await issuer.token();
  const answer = await show(ask, token, await proofOf(token));
  assert.equal(answer.status, 401);
  assert.match(answer.challenge, /^Bearer .*, DPoP /);
  assert.equal((await ask('/me', { token })).status, 200);
});

test('proofs for anything else are refused (RFC 9449 §4.3)', async (t) => {
  const seen = [];
  const ask = await serve(t, [guardWith({}, { onReject: ({ reason }) => seen.push(reason) })]);
  const [token, thief] = [await bound(), await newKey()];
  const now = issuer.clock.now();
  const cases = {
    dpop_method: [{ htm: 'POST' }, { htm: 'get' }],
    dpop_uri: [{ htu: `${PUBLIC}/other` }, { htu: 'https://evil.example/me' }, { htu: '/me' }],
    dpop_hash: [{ ath: undefined }, { ath: ath('another') }, { ath: 1 }],
    dpop_time: [{ iat: now - 61 }, { iat: now + 16 }, { exp: now - 15 }, { nbf: now + 16 }, { exp: now + 60, nbf: now + 16 }],
    dpop_malformed: [{ jti: undefined }, { jti: '' }, { jti: 'j'.repeat(257) }, { exp: 'soon' }, { nbf: null }, { iat: undefined }, { htm: undefined }, { htu: undefined }],
  };
  for (const [reason, changes] of Object.entries(cases))
    for (const change of changes) {
      refused(await show(ask, token, await proofOf(token, change)), 'invalid_dpop_proof');
      assert.equal(seen.pop(), reason, JSON.stringify(change));
    }
  refused(await show(ask, token, await proofOf(token, {}, {}, thief)), 'invalid_token');
  assert.equal(seen.pop(), 'dpop_other_key');
  for (const fine of [{ iat: now - 60 }, { iat: now + 15 }, { exp: now - 14 }, { exp: now + 9999, nbf: now + 15 }, { htu: `HTTPS://API.example.com:443/me?x#y` }])
    assert.equal((await show(ask, token, await proofOf(token, fine))).status, 200, JSON.stringify(fine));
});

test('types, algorithms and keys that make no proof (RFC 9449 §4.2)', async (t) => {
  const seen = [];
  const ask = await serve(t, [guardWith({}, { onReject: ({ reason }) => seen.push(reason) })]);
  const token = await bound();
  const [other, secret] = [await newKey(), Buffer.alloc(32, 7)];
  const cases = [
    ['dpop_type', await proofOf(token, {}, { typ: 'JWT' })],
    ['dpop_type', await proofOf(token, {}, { typ: 'at+jwt' })],
    ['dpop_key_unusable', await proofOf(token, {}, { jwk: { ...key.jwk, d: 'AAAA' } })],
    ['dpop_key_unusable', await proofOf(token, {}, { jwk: undefined })],
    ['dpop_signature', await proofOf(token, {}, { jwk: other.jwk })],
    ['dpop_malformed', 'x'],
    ['dpop_malformed', 'e30.e30.'],
    ['dpop_malformed', 'W10.e30.AA'],
    ['dpop_algorithm', await new SignJWT({}).setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: secret.toString('base64url') } }).sign(secret)],
    ['dpop_type', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.AA`],
  ];
  for (const [reason, proof] of cases) {
    refused(await show(ask, token, proof), 'invalid_dpop_proof');
    assert.equal(seen.pop(), reason);
  }
  const two = await ask('/me', { headers: { Authorization: `DPoP ${token}`, DPoP: [await proofOf(token), await proofOf(token)] } });
  refused(two, 'invalid_dpop_proof');
  assert.equal(seen.pop(), 'dpop_several');
});

test('every algorithm that is offered works', async (t) => {
  const ask = await serve(t, [guardWith()]);
  for (const alg of ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'RS256']) {
    const by = await newKey(alg);
    const token = await issuer.token({ cnf: { jkt: by.jkt } });
    assert.equal((await show(ask, token, await proofOf(token, {}, {}, by))).status, 200, alg);
  }
});

test('where a request went is what the owner says, and not its host', async (t) => {
  const ask = await serve(t, [guardWith()]);
  const token = await bound();
  const proof = await proofOf(token, { htu: 'https://evil.example/me' });
  refused(await show(ask, token, proof, '/me', { host: 'evil.example', 'x-forwarded-host': 'evil.example' }), 'invalid_dpop_proof');
  // A proxy that takes a prefix away.
  const behind = await serve(t, [guardWith({ publicUrl: 'https://example.com/shop/' })]);
  assert.equal((await show(behind, token, await proofOf(token, { htu: 'https://example.com/shop/me' }))).status, 200);
});

test('only the proof\'s own header is read', async (t) => {
  const ask = await serve(t, [guardWith()]);
  const token = await bound();
  for (const name of ['x-dpop', 'dpop_', 'd-pop', 'http_dpop'])
    refused(await show(ask, token, undefined, '/me', { [name]: await proofOf(token) }), 'invalid_dpop_proof');
});

test('where bound tokens are required no other opens anything', async (t) => {
  const ask = await serve(t, [guardWith({ required: true })]);
  refused(await ask('/me', { token: await issuer.token() }), 'invalid_token');
  const token = await bound();
  assert.equal((await show(ask, token, await proofOf(token))).status, 200);
  assert.match((await ask('/me')).challenge, /^DPoP realm="[^"]*", algs=/);
});

test('nonces are offered, wanted and renewed, and nodes that share a secret read each other\'s (RFC 9449 §9)', async (t) => {
  const nonces = Buffer.alloc(32, 7);
  const nodes = [await serve(t, [guardWith({ nonces })]), await serve(t, [guardWith({ nonces })])];
  const token = await bound({ exp: START + 86_400 });
  const first = await show(nodes[0], token, await proofOf(token));
  refused(first, 'use_dpop_nonce');
  const nonce = first.headers['dpop-nonce'];
  // A clock that is wrong does not matter any more.
  const good = await show(nodes[1], token, await proofOf(token, { nonce, iat: 1_500_000_000 }));
  assert.equal(good.status, 200);
  assert.ok(good.headers['dpop-nonce'], 'also an answer that is no challenge says the next');
  issuer.clock.skewSecs += 120;
  t.after(() => (issuer.clock.skewSecs -= 120));
  refused(await show(nodes[0], token, await proofOf(token, { nonce })), 'use_dpop_nonce');
  for (const forged of ['', '1.x', `${nonce}A`, nonce.replace(/^\d+/, (slot) => Number(slot) + 2), 7])
    refused(await show(nodes[0], token, await proofOf(token, { nonce: forged })), 'use_dpop_nonce');
  const own = await serve(t, [guardWith({ nonces: true })]);
  refused(await show(own, token, await proofOf(token, { nonce })), 'use_dpop_nonce');
});

test('the memory of proofs is bounded and says what it let go', async (t) => {
  const guard = guardWith({ remember: 2 });
  const ask = await serve(t, [guard]);
  const token = await bound();
  for (let turn = 0; turn < 5; turn++) assert.equal((await show(ask, token, await proofOf(token))).status, 200);
  assert.deepEqual(guard.status().proofs, { entries: 2, forgotten: 3 });
});

test('a binding that is not understood was not proven', async (t) => {
  const ask = await serve(t, [guardWith()]);
  for (const cnf of [{ 'x5t#S256': 'x' }, {}, { jkt: key.jkt, 'x5t#S256': 'x' }, 'x', null, { jkt: 1 }, []]) {
    const token = await issuer.token({ cnf });
    assert.equal((await show(ask, token, await proofOf(token))).status, 401, JSON.stringify(cnf));
    assert.equal((await ask('/me', { token })).status, 401, JSON.stringify(cnf));
  }
});

test('the metadata says what is taken (RFC 9728 §2)', async (t) => {
  const read = async (guard) => JSON.parse((await (await serve(t, [guard.metadata()]))('/.well-known/oauth-protected-resource')).body);
  const accepts = await read(guardWith());
  assert.ok(accepts.dpop_signing_alg_values_supported.includes('ES256'));
  assert.deepEqual([accepts.dpop_bound_access_tokens_required, accepts.bearer_methods_supported], [false, ['header']]);
  const requires = await read(guardWith({ required: true }));
  assert.deepEqual([requires.dpop_bound_access_tokens_required, requires.bearer_methods_supported], [true, []]);
});

test('what makes no sense is refused when the guard is made', () => {
  const wrong = [
    {}, { publicUrl: '/me' }, { publicUrl: 'http://api.example.com' }, { publicUrl: PUBLIC, nonces: 'x' },
    { publicUrl: PUBLIC, nonces: Buffer.alloc(16) }, { publicUrl: PUBLIC, remember: 0 }, { publicUrl: PUBLIC, require: true },
  ];
  for (const dpop of wrong)
    assert.throws(() => createGuard({ issuer: 'https://a.example', audience: 'b', dpop }), { name: 'ConfigError' }, JSON.stringify(dpop));
});

test('URIs are compared as RFC 3986 §6.2.2 and §6.2.3 say, and no other way', () => {
  const uri = 'https://server.example.com/token';
  for (const htu of ['HTTPS://Server.Example.COM/token', 'https://server.example.com:443/a/../token', `${uri}?a#b`, 'https://server.example.com/%74oken'])
    assert.ok(isSameUri(htu, uri), htu);
  for (const htu of [
    'http://server.example.com/token', `${uri}/`, 'https://server.example.com/Token', 'https://u@server.example.com/token', 'https:/server.example.com/token',
    'https:\\\\server.example.com\\token', ` ${uri}`, `${uri}\n`, '/token', '', 'https:///server.example.com/token', `${uri}?${'a'.repeat(2048)}`,
  ])
    assert.ok(!isSameUri(htu, uri), htu);
});
