/** Signed URLs: one resource, one method, a short life; the same as those of the guard for Rust. */

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ConfigError, createGuard } from '../src/guard.js';
import { serve } from './support/app.js';
import { caughtUp, AUDIENCE, following, TestIssuer, wholeFile } from './support/issuer.js';

const SECRET = new Uint8Array(32).fill(7);
const file = wholeFile();
let issuer;
before(async () => {
  issuer = await TestIssuer.start(file);
});

const guarded = (options = {}) =>
  createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', signedUrls: SECRET, ...options }, issuer.clock);

async function signed(guard, target, options, claims) {
  return guard.signUrl(await guard.verify(await issuer.token(claims)), target, options);
}

test('a signed URL opens its resource, and its answer is not kept', async (t) => {
  const guard = guarded();
  const ask = await serve(t, [guard]);
  for (const target of ['/picture', '/picture?size=9&x=%20', '/picture?']) {
    const { status, headers, body } = await ask(await signed(guard, target));
    assert.deepEqual([status, headers['cache-control'], headers['referrer-policy']], [200, 'private, no-store', 'no-referrer'], target);
    assert.deepEqual([JSON.parse(body).sub, JSON.parse(body).scope], ['u1', undefined]);
  }
  assert.equal((await ask(await signed(guard, '/picture'), { headers: { cookie: 'a=b' } })).status, 200);
});

test('it opens nothing else', async (t) => {
  const guard = guarded();
  const ask = await serve(t, [guard]);
  const url = await signed(guard, '/picture?size=9');
  const signature = url.split('symbolon_signature=')[1];
  for (const [method, other, status] of [
    ['POST', url, 401],
    ['HEAD', url, 401],
    ['GET', url.replace('size=9', 'size=10'), 401],
    ['GET', url.replace('size=9&', ''), 401],
    ['GET', `${url}&x=y`, 400],
    ['GET', `${url}&symbolon_signature=${signature}`, 400],
    ['GET', `/other?size=9&symbolon_signature=${signature}`, 401],
    ['GET', `/picture?size=9&symbolon_signature=${signature.slice(0, -2)}${signature.endsWith('AA') ? 'BA' : 'AA'}`, 401],
    ['GET', '/picture?size=9&symbolon_signature=', 401],
    ['GET', '/picture?size=9&symbolon_signature=a.b.c', 401],
  ]) assert.equal((await ask(other, { method })).status, status, `${method} ${other}`);
  assert.equal((await ask('/picture?size=9', { token: signature })).status, 401, 'it is no token');
  assert.equal((await ask(url, { token: await issuer.token() })).status, 400);
  const only = await serve(t, [guard, guard.onlySignedUrls()]);
  assert.equal((await only(await signed(guard, '/picture'))).status, 200);
  assert.equal((await only('/picture', { token: await issuer.token() })).status, 403);
  const scoped = await serve(t, [guard, guard.scope('read:dragons')]);
  assert.equal((await scoped(await signed(guard, '/picture'))).status, 403, 'what it allows was decided when it was signed');
});

test('it lives for seconds, and not beyond its token', async (t) => {
  const guard = guarded();
  const ask = await serve(t, [guard]);
  const url = await signed(guard, '/picture');
  await issuer.clock.advance(59_000);
  assert.equal((await ask(url)).status, 200);
  await issuer.clock.advance(1_000);
  assert.equal((await ask(url)).status, 401);
  const short = await signed(guard, '/picture', {}, { exp: issuer.clock.now() + 10 });
  await issuer.clock.advance(10_000);
  assert.equal((await ask(short)).status, 401);
});

test('another secret and another API are none of ours; another node is', async (t) => {
  const url = await signed(guarded(), '/picture');
  for (const [options, status] of [
    [{}, 200],
    [{ signedUrls: new Uint8Array(32) }, 401],
    [{ signedUrls: undefined }, 401],
    [{ audience: 'https://other.example' }, 401],
  ]) assert.equal((await (await serve(t, [guarded(options)]))(url)).status, status);
});

test('a URL of a single use is used once', async (t) => {
  const guard = guarded();
  const ask = await serve(t, [guard]);
  const [one, other] = [await signed(guard, '/picture', { once: true }), await signed(guard, '/picture', { once: true })];
  for (const [url, status] of [[one, 200], [one, 401], [other, 200], [other, 401]]) assert.equal((await ask(url)).status, status);
});

test('it is refused with the token that asked for it', async (t) => {
  const { issuer, guard } = await following(t, createGuard, { options: { signedUrls: SECRET } });
  const ask = await serve(t, [guard]);
  const caller = await guard.verify(await issuer.token({ sid: 'gone' }));
  const url = guard.signUrl(caller, '/picture');
  assert.equal((await ask(url)).status, 200);
  await issuer.revoke('sid', 'gone');
  await caughtUp(guard, issuer);
  const other = createGuard({ issuer: issuer.url, audience: AUDIENCE, signedUrls: SECRET }, issuer.clock);
  t.after(() => other.close());
  for (const node of [ask, await serve(t, [other])]) assert.equal((await node(url)).status, 401, 'also by a node that has seen no token');
});

/** Signed by the guard for Rust (`crates/guard/tests/it/signed.rs` has one of ours), good for a minute. */
const OF_RUST = '/picture?size=9&symbolon_signature=eyJhbGciOiJIUzI1NiIsInR5cCI6InVybCtqd3QifQ.eyJpc3MiOiJodHRwczovL2FwaS5leGFtcGxlLmNvbSIsImF1ZCI6Imh0dHBzOi8vYXBpLmV4YW1wbGUuY29tIiwic3ViIjoidTEiLCJleHAiOjE4MDAwMDAwNjAsImh0bSI6IkdFVCIsInRhcmdldCI6ImlQZWJiV3BHZkh0VUpyT0tHZWpXa0pER1NPd0hWQVM2M1RqVENwRDBkMW8iLCJjbGllbnRfaWQiOiJ0ZXN0LWNsaWVudCIsImp0aSI6InRlc3QtMTc5NTk1ODM0OCIsInRva2VuX2lhdCI6MTgwMDAwMDAwMCwidG9rZW5fa2V5IjoiMWFjZGVkZjM1YjY4Y2FlZSJ9.wh--hen-QzAfa-hj-78SJrgMWMG9fWRNuRutAnA9NW0';

test('what the guard for Rust has signed counts', async (t) => {
  const clock = { now: () => 1_800_000_000, steady: () => 0, random: () => 0.5, after: () => () => {} };
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', signedUrls: SECRET }, clock);
  const { status, body } = await (await serve(t, [guard]))(OF_RUST);
  assert.deepEqual([status, JSON.parse(body).sub], [200, 'u1']);
});

test('mistakes of the API are told to it', async () => {
  const guard = guarded();
  const caller = await guard.verify(await issuer.token());
  for (const target of ['picture', '//evil.example/', '/a/../b', '/é', '/a#b', '/a?symbolon_signature=x', undefined])
    assert.throws(() => guard.signUrl(caller, target), TypeError, target);
  for (const options of [{ lifetime: 0 }, { lifetime: 301 }, { method: 'POST' }])
    assert.throws(() => guard.signUrl(caller, '/picture', options), TypeError);
  assert.throws(() => guard.signUrl({ sub: 'u1' }, '/picture'), TypeError);
  assert.throws(() => guarded({ signedUrls: undefined }).signUrl(caller, '/picture'), ConfigError);
  assert.throws(() => guarded({ signedUrls: new Uint8Array(16) }), ConfigError);
});
