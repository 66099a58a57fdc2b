/**
 * A script that an attacker planted into a page of the app, with the whole page in its hands, in the storage mode `auto`:
 * what it can carry away, tried from elsewhere. (What it can do while the page is open nobody stops: the manual says so.)
 */

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { after, before, test } from 'node:test';
import { fillIn, launchWhole, profile } from './support/browser.js';
import { App, becomes, call, renew, settled, signIn } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';

let server, browser, app;

before(async () => {
  server = await Server.start({ front: (origin) => origin });
  browser = await launchWhole();
  app = await App.start(server);
});
after(async () => {
  await browser?.close();
  app?.stop();
  await server?.stop();
});

/** Somebody signed in, and the page. */
async function victim(t) {
  const context = await profile(t, browser);
  await app.open(context);
  const page = await app.page(context, 'auto');
  await signIn(page, ADMIN);
  return page;
}

/** Listens at everything that requests, answers and tabs go through. Runs in the page. */
function wiretap() {
  window.loot = [];
  const note = (...values) => loot.push(...values.filter((value) => value != null).map(String));
  const wrap = (object, name, look) => {
    const real = object[name];
    object[name] = function (...args) {
      look(this, ...args);
      const result = real.apply(this, args);
      result?.then?.((value) => typeof value === 'string' && note(value), () => {});
      return result;
    };
  };
  const headers = (request) => note(request.url, ...[...(request.headers ?? [])].flat());
  wrap(window, 'fetch', (_, request) => (headers(request), request.clone?.().text().then(note)));
  wrap(Headers.prototype, 'set', (_, name, value) => note(name, value));
  wrap(URLSearchParams.prototype, 'append', (_, name, value) => note(name, value));
  wrap(Response.prototype, 'text', () => {});
  wrap(JSON, 'parse', (_, text) => note(text));
  wrap(JSON, 'stringify', () => {});
  wrap(BroadcastChannel.prototype, 'postMessage', (_, data) => note(JSON.stringify(data)));
  wrap(SubtleCrypto.prototype, 'sign', (_, how, key, data) => note(new TextDecoder().decode(data)));
}

/** Takes what lies around, and tries to export the key. Runs in the page. */
async function ransack() {
  const kept = await new Promise((resolve) => {
    const opening = indexedDB.open('symbolon', 1);
    opening.onsuccess = () => {
      const all = opening.result.transaction('kept').objectStore('kept').getAll();
      all.onsuccess = () => resolve(all.result);
    };
  });
  const exported = [];
  for (const { key } of kept)
    for (const format of ['jwk', 'pkcs8'])
      await crypto.subtle.exportKey(format, key.privateKey).then(
        (out) => exported.push(JSON.stringify(out)),
        () => {},
      );
  return { exported, lying: JSON.stringify([kept, { ...localStorage }, { ...sessionStorage }, document.cookie]) };
}

/** A proof by a key of the thief's own. */
function proof(url, method, token) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const ath = token && createHash('sha256').update(token).digest('base64url');
  const claims = { jti: randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), ath };
  const input = `${part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } })}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const unique = (text, pattern) => [...new Set(text.match(pattern) ?? [])];

test('what a planted script carries away opens nothing elsewhere, and the person stays signed in', async (t) => {
  const page = await victim(t);
  await page.evaluate(wiretap);
  assert.equal(await renew(page), 'renewed');
  assert.equal(await call(page, server), 200);
  const { exported, lying } = await page.evaluate(ransack);
  assert.deepEqual(exported, [], 'the key cannot be exported');
  const carried = `${lying} ${(await page.evaluate(() => loot)).join(' ')}`;
  const jwts = unique(carried, /eyJ[\w-]+\.[\w-]+\.[\w-]+/g);
  const refreshTokens = unique(carried, /sym_rt_\w+/g);
  const typeOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url')).typ;
  const accessTokens = jwts.filter((jwt) => typeOf(jwt) === 'at+jwt');
  const proofs = jwts.filter((jwt) => typeOf(jwt) === 'dpop+jwt');
  assert.ok(accessTokens.length > 0 && refreshTokens.length > 0 && proofs.length > 1, 'the script did see everything');

  // Elsewhere: tokens without the key, with another one, and with proofs that were used.
  const dragons = `${server.api}/api/dragons`;
  const userinfo = `${server.issuer}/userinfo`;
  for (const token of accessTokens)
    for (const url of [dragons, userinfo])
      for (const headers of [
        { Authorization: `Bearer ${token}` },
        { Authorization: `DPoP ${token}` },
        { Authorization: `DPoP ${token}`, DPoP: proof(url, 'GET', token) },
        ...proofs.map((used) => ({ Authorization: `DPoP ${token}`, DPoP: used })),
      ])
        assert.equal((await fetch(url, { headers })).status, 401);
  const endpoint = `${server.issuer}/oauth/token`;
  for (const refresh_token of refreshTokens)
    for (const headers of [{}, { DPoP: proof(endpoint, 'POST') }, ...proofs.map((used) => ({ DPoP: used }))]) {
      const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'sdk', refresh_token });
      const answer = await fetch(endpoint, { method: 'POST', headers, body });
      assert.equal(answer.status, 400);
      assert.match((await answer.json()).error, /^(invalid_grant|invalid_dpop_proof)$/);
    }
  assert.equal(await renew(page), 'renewed', 'the owner was not signed out by any of it');
  assert.equal(await call(page, server), 200);
});

test('a key that a planted script leaves behind is not the next sign-in’s', async (t) => {
  const page = await victim(t);
  const planted = await page.evaluate(async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
    const opening = indexedDB.open('symbolon', 1);
    await new Promise((done) => (opening.onsuccess = done));
    const kept = opening.result.transaction('kept', 'readwrite').objectStore('kept');
    const cursor = kept.openCursor();
    await new Promise((done) => (cursor.onsuccess = done));
    const written = cursor.result.update({ ...cursor.result.value, key: { privateKey: pair.privateKey, jwk: { crv, kty, x, y } } });
    await new Promise((done) => (written.onsuccess = done));
    return x;
  });
  assert.equal(await renew(page), 'login_required', 'tokens of another key are refused');
  await page.evaluate(() => void auth.login()); // the issuer still knows who it is
  await becomes(page, 'signed-in');
  const proofs = [];
  page.on('request', (request) => proofs.push(request.headers().dpop));
  assert.equal(await renew(page), 'renewed');
  const [used] = proofs.filter(Boolean).map((jwt) => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url')).jwk.x);
  assert.ok(used);
  assert.notEqual(used, planted);
});

/** At the address of an answer: takes it and what the page kept for it, and stops the page before the SDK is there. Runs first of all. */
function ambush() {
  if (!new URLSearchParams(location.search).has('code')) return;
  console.info(`stolen ${JSON.stringify({ href: location.href, kept: { ...sessionStorage } })}`);
  window.stop();
}

for (const [name, statuses] of [['auto', [400, 400]], ['memory', [400, 400]], ['session', [200, 400]]])
  test(`${name}: a script that takes the code before the SDK is there ${statuses[0] === 200 ? 'redeems it, as the manual says' : 'redeems it nowhere'}`, async (t) => {
    const context = await profile(t, browser);
    await app.open(context);
    const page = await app.page(context, name);
    const planted = await context.newCDPSession(page);
    await planted.send('Page.enable');
    const { identifier } = await planted.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${ambush})()` });
    const stolen = page.waitForEvent('console', (message) => message.text().startsWith('stolen '));
    const question = page.waitForRequest((request) => request.url().startsWith(`${server.issuer}/authorize`));
    await page.evaluate(() => void auth.login());
    await fillIn(page, ADMIN.email, ADMIN.password);
    const { href, kept } = JSON.parse((await stolen).text().slice('stolen '.length));
    const answer = new URL(href).searchParams;
    const { verifier } = JSON.parse(Object.entries(kept).find(([key]) => key.endsWith(answer.get('state')))[1]);
    assert.ok(answer.get('code') && verifier, 'the script did see everything');
    assert.equal(new URL((await question).url()).searchParams.has('dpop_jkt'), statuses[0] === 400);

    const endpoint = `${server.issuer}/oauth/token`;
    const body = new URLSearchParams({
      grant_type: 'authorization_code', client_id: 'sdk', code: answer.get('code'), code_verifier: verifier, redirect_uri: `${app.origin}/${name}`, resource: server.api,
    });
    const got = [];
    for (const headers of [{}, { DPoP: proof(endpoint, 'POST') }]) got.push((await fetch(endpoint, { method: 'POST', headers, body })).status);
    assert.deepEqual(got, statuses);
    if (statuses[0] === 200) return;
    // The page that asked has the key still.
    await planted.send('Page.removeScriptToEvaluateOnNewDocument', { identifier });
    await page.goto(href);
    await settled(page);
    assert.equal(await page.evaluate(() => auth.user?.email), ADMIN.email);
    assert.equal(await call(page, server), 200);
    const [records] = JSON.parse((await page.evaluate(ransack)).lying);
    assert.ok(records.every((record) => !('at' in record)), 'the key that waited is used up');
  });
