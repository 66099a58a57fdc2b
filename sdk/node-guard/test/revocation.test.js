/** Revoked is refused, at once and also from memory: by token, session, user, client, API, key, and all. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, caughtUp, following, reasonOf } from './support/issuer.js';
import { START } from './support/clock.js';

const follow = (t, setting) => following(t, createGuard, setting);

test('a token, a session, a user: what carries the id is refused, also when it was seen before', async (t) => {
  const { issuer, guard } = await follow(t);
  for (const [name, claim] of [['jti', 'jti'], ['sid', 'sid'], ['rh', 'rh']]) {
    const token = await issuer.token({ [claim]: `${name}-1` });
    const other = await issuer.token({ [claim]: `${name}-2` });
    assert.deepEqual([await reasonOf(guard.verify(token)), await reasonOf(guard.verify(other))], ['accepted', 'accepted']);
    const { hits } = guard.status().cache;
    await guard.verify(token);
    assert.equal(guard.status().cache.hits, hits + 1, 'it came from memory');
    await issuer.revoke(name, `${name}-1`);
    await caughtUp(guard, issuer);
    assert.equal(await reasonOf(guard.verify(token)), `revoked_${name}`);
    assert.equal(await reasonOf(guard.verify(token)), `revoked_${name}`, 'again');
    assert.equal(await reasonOf(guard.verify(await issuer.token({ [claim]: `${name}-1` }))), `revoked_${name}`, 'a new one');
    assert.equal(await reasonOf(guard.verify(other)), 'accepted');
  }
  assert.deepEqual(guard.status().refusals, { revoked_jti: 3, revoked_sid: 3, revoked_rh: 3 });
});

test('an id counts as what it is revoked as', async (t) => {
  const { issuer, guard } = await follow(t);
  await issuer.revoke('sid', 'x');
  await caughtUp(guard, issuer);
  assert.equal(await reasonOf(guard.verify(await issuer.token({ jti: 'x', rh: 'x', client_id: 'x' }))), 'accepted');
});

test('a client, an API, everything: tokens up to that second', async (t) => {
  for (const [name, id] of [['client', 'spa'], ['api', AUDIENCE], ['all', '']]) {
    const { issuer, guard, clock } = await follow(t);
    const [old, same, timeless] = [await issuer.token({ iat: START - 1 }), await issuer.token({ iat: START }), await issuer.token({ iat: undefined })];
    for (const token of [old, same, timeless]) assert.equal(await reasonOf(guard.verify(token)), 'accepted');
    await issuer.revoke(name, id, { revokedAt: START });
    await caughtUp(guard, issuer);
    for (const token of [old, same, timeless]) assert.equal(await reasonOf(guard.verify(token)), `revoked_${name}`);
    await clock.advance(1000);
    assert.equal(await reasonOf(guard.verify(await issuer.token())), 'accepted', 'a newer one');
    const others = { client: { client_id: 'other', iat: START }, api: undefined, all: undefined }[name];
    if (others) assert.equal(await reasonOf(guard.verify(await issuer.token(others))), 'accepted');
  }
});

test('a rule about another API is none of ours', async (t) => {
  const { issuer, guard } = await follow(t);
  await issuer.revoke('api', 'https://other.example');
  await caughtUp(guard, issuer);
  assert.equal(await reasonOf(guard.verify(await issuer.token({ aud: [AUDIENCE, 'https://other.example'] }))), 'accepted');
});

test('a key: whatever it signed, whenever', async (t) => {
  const { issuer, guard } = await follow(t);
  const key = await issuer.addKey('k2', 'EdDSA');
  const token = await issuer.token({ iat: START + 20 }, { key });
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  await issuer.revoke('key', 'k2', { revokedAt: START - 100 });
  await caughtUp(guard, issuer);
  assert.equal(await reasonOf(guard.verify(token)), 'revoked_key');
  const nameless = await issuer.token({}, { key, kid: undefined });
  assert.equal(await reasonOf(guard.verify(nameless)), 'revoked_key', 'also when the token does not name it');
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'accepted');
});

test('what was revoked before the guard began is in the snapshot', async (t) => {
  const prepare = (issuer) => {
    for (const [name, id] of [['jti', 'j'], ['sid', 's'], ['rh', 'r'], ['client', 'c']]) issuer.enter(name, id);
    issuer.enter('jti', 'forgotten', { forgetAt: START });
    issuer.enter('all', '', { revokedAt: START - 1000 });
  };
  const { issuer, guard } = await follow(t, { prepare });
  assert.equal(guard.status().setSize, 5);
  for (const [claims, reason] of [
    [{ jti: 'j' }, 'revoked_jti'], [{ sid: 's' }, 'revoked_sid'], [{ rh: 'r' }, 'revoked_rh'], [{ client_id: 'c' }, 'revoked_client'],
    [{ iat: START - 1000 }, 'revoked_all'], [{}, 'accepted'], [{ jti: 'forgotten' }, 'accepted'],
  ]) assert.equal(await reasonOf(guard.verify(await issuer.token(claims))), reason, JSON.stringify(claims));
});

test('the first token waits for the first snapshot', async (t) => {
  const { issuer, guard } = await follow(t, { prepare: (one) => one.enter('sid', 's1') });
  guard.close();
  const fresh = createGuard({ issuer: issuer.url, audience: AUDIENCE }, issuer.clock);
  t.after(() => fresh.close());
  const verdicts = await Promise.all([issuer.token(), issuer.token()].map(async (token) => reasonOf(fresh.verify(await token))));
  assert.deepEqual(verdicts, ['revoked_sid', 'revoked_sid']);
});

test('entries of unknown kinds are passed by and counted', async (t) => {
  const { issuer, guard } = await follow(t, { prepare: (one) => one.enter('x', 'x', { kind: 77 }) });
  issuer.enter('x', 'y', { kind: 4 });
  issuer.enter('x', 'z', { kind: 20 });
  issuer.enter('sid', 's1');
  await issuer.publish(1);
  await caughtUp(guard, issuer);
  assert.equal(guard.status().unknownEntries, 3);
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'revoked_sid');
});

test('what need not be remembered any more is forgotten step by step', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  for (let number = 0; number < 500; number++) issuer.enter('jti', `j${number}`, { forgetAt: START + 5 });
  issuer.enter('client', 'spa', { forgetAt: START + 5 });
  issuer.enter('jti', 'kept', { forgetAt: START + 900 });
  await issuer.publish(0);
  await caughtUp(guard, issuer);
  assert.equal(guard.status().setSize, 502);
  await clock.advance(5_000);
  const { setSize } = guard.status();
  assert.ok(setSize > 1 && setSize < 502, `${setSize} after a few steps`);
  await clock.advance(70_000);
  assert.equal(guard.status().setSize, 1);
  assert.equal(await reasonOf(guard.verify(await issuer.token({ jti: 'kept' }))), 'revoked_jti');
});

test('the memory of verified tokens is bounded, and refusals are not in it', async (t) => {
  const { issuer, guard } = await follow(t, { options: { remember: 10 } });
  for (let number = 0; number < 100; number++) {
    await guard.verify(await issuer.token());
    assert.ok(guard.status().cache.entries <= 10);
  }
  const { entries } = guard.status().cache;
  for (let number = 0; number < 100; number++) await reasonOf(guard.verify(await issuer.token({ aud: 'x' })));
  await reasonOf(guard.verify(await issuer.token({ x: 'x'.repeat(5000) })));
  assert.equal(guard.status().cache.entries, entries, 'neither refusals nor very long tokens');
});

test('what is asked for stays in memory', async (t) => {
  const { issuer, guard } = await follow(t, { options: { remember: 10 } });
  const favourite = await issuer.token();
  await guard.verify(favourite);
  for (let number = 0; number < 50; number++) {
    await guard.verify(await issuer.token());
    const { hits } = guard.status().cache;
    await guard.verify(favourite);
    assert.equal(guard.status().cache.hits, hits + 1);
  }
});

test('a token from memory expires to the second, and nothing is remembered where the owner says so', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  const token = await issuer.token({ exp: START + 10 });
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  await clock.advance(39_000);
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  await clock.advance(1_000);
  assert.equal(await reasonOf(guard.verify(token)), 'expired');
  const forgetful = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off', remember: 0 }, clock);
  const fresh = await issuer.token();
  await forgetful.verify(fresh);
  await forgetful.verify(fresh);
  assert.deepEqual(forgetful.status().cache, { entries: 0, hits: 0, misses: 2 });
});

test('only the very same token is found in memory', async (t) => {
  const { issuer, guard } = await follow(t);
  const token = await issuer.token();
  await guard.verify(token);
  const [header, payload, signature] = token.split('.');
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url')), roles: ['root'] };
  const forged = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
  assert.equal(await reasonOf(guard.verify(forged)), 'bad_signature');
  assert.equal(await reasonOf(guard.verify(token)), 'accepted');
});

test('a revocation that comes while a token is being verified counts', async (t) => {
  const { issuer, guard } = await follow(t);
  issuer.keys = [];
  let answer;
  const key = await issuer.addKey('k2', 'ES256');
  issuer.answers['/jwks'] = (_, response) => { answer = () => response.end(JSON.stringify({ keys: [issuer.signing.jwk, key.jwk] })); };
  const verdict = reasonOf(guard.verify(await issuer.token({ sid: 'gone' }, { key })));
  while (!answer) await new Promise((done) => setImmediate(done));
  await issuer.revoke('sid', 'gone');
  await caughtUp(guard, issuer);
  answer();
  assert.equal(await verdict, 'revoked_sid');
});

test('without a feed there is nothing to follow, and off is off', async (t) => {
  const none = { symbolon_revocation_stream_endpoint: undefined, symbolon_revocation_snapshot_endpoint: undefined };
  const { issuer, guard } = await follow(t);
  guard.close();
  issuer.metadata = none;
  const auto = createGuard({ issuer: issuer.url, audience: AUDIENCE, whenStale: 'refuse' }, issuer.clock);
  t.after(() => auto.close());
  await auto.ready();
  assert.equal(await reasonOf(auto.verify(await issuer.token())), 'accepted');
  assert.equal(auto.status().lastError, 'the issuer offers no revocation feed');
  issuer.metadata = {};
  await issuer.clock.advance(600_000);
  await caughtUp(auto, issuer);
  const { '/revocations/stream': before } = issuer.asked;
  const off = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'off' }, issuer.clock);
  await off.ready();
  await off.verify(await issuer.token());
  assert.equal(issuer.asked['/revocations/stream'], before);
  assert.deepEqual([off.status().following, off.status().stalenessSeconds], [false, null]);
});
