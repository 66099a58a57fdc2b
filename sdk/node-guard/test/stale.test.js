/** What becomes of tokens while the feed is cut, and before it was ever read: the owner's choice of three. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, caughtUp, following, reasonOf, TestIssuer } from './support/issuer.js';
import { serve } from './support/app.js';
import { until } from './support/clock.js';

const credentials = { id: AUDIENCE, secret: 'secret' };
const follow = (t, options) => following(t, createGuard, { options });
const STREAM = '/revocations/stream';
const SNAPSHOT = '/revocations/snapshot';

/** From now on nobody gets at the feed; all else of the issuer goes on. */
async function cutFeed(issuer, guard) {
  issuer.answers[STREAM] = issuer.answers[SNAPSHOT] = (_, response) => response.destroy();
  issuer.cut();
  await until('the guard noticed', () => !guard.status().following);
}

/** A token as it came before the cut, and one the guard never saw. */
async function tokens(issuer, guard) {
  const seen = await issuer.token({ exp: issuer.clock.now() + 3600 });
  await guard.verify(seen);
  return { seen, fresh: await issuer.token({ exp: issuer.clock.now() + 3600 }) };
}

test('up to maxStaleness nothing changes, to the second', async (t) => {
  const { issuer, guard, clock } = await follow(t, { maxStaleness: 45, whenStale: 'refuse' });
  const { seen, fresh } = await tokens(issuer, guard);
  await cutFeed(issuer, guard);
  await clock.advance(45_000);
  assert.equal(guard.status().stalenessSeconds, 45);
  for (const token of [seen, fresh]) assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  await clock.advance(1_000);
  for (const token of [seen, fresh]) assert.equal(await reasonOf(guard.verify(token)), 'revocations_unavailable');
});

test('accept: tokens go on to be accepted, with one warning; what was refused stays so', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'accept' });
  const { seen, fresh } = await tokens(issuer, guard);
  await issuer.revoke('sid', 'gone', { forgetAt: clock.now() + 9_000 });
  await caughtUp(guard, issuer);
  const warnings = [];
  process.on('warning', ({ code, message }) => code === 'SYMBOLON_STALE' && warnings.push(message));
  await cutFeed(issuer, guard);
  await clock.advance(3_000_000);
  for (const token of [seen, fresh]) assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  assert.equal(await reasonOf(guard.verify(await issuer.token({ sid: 'gone' }))), 'revoked_sid');
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /accepted all the same/);
});

test('refuse: 503 that says when to come again, until the feed is back', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'refuse' });
  const { seen, fresh } = await tokens(issuer, guard);
  const ask = await serve(t, [guard]);
  await cutFeed(issuer, guard);
  await clock.advance(31_000);
  for (const token of [seen, fresh]) {
    const { status, headers, body, challenge } = await ask('/', { token });
    assert.deepEqual([status, body, headers['retry-after'], challenge], [503, '{"error":"temporarily_unavailable"}', '1', undefined]);
  }
  assert.equal((await ask('/', { token: 'x.y.z' })).status, 401, 'what is no token needs no feed');
  assert.equal((await ask('/')).status, 401);
  issuer.answers = {};
  await until('it is back', async () => {
    await clock.advance(100);
    return guard.status().following;
  });
  for (const token of [seen, fresh]) assert.equal((await ask('/', { token })).status, 200);
  assert.deepEqual(guard.status().refusals, { revocations_unavailable: 2, malformed_token: 1, no_token: 1 });
});

test('introspect: the issuer is asked about each token, and its word holds for a while', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'introspect', credentials });
  const { seen, fresh } = await tokens(issuer, guard);
  const revoked = await issuer.token({ sid: 'gone' });
  await guard.verify(revoked);
  issuer.introspect = (token) => ({ active: token !== revoked });
  await cutFeed(issuer, guard);
  await clock.advance(30_000);
  assert.equal(await reasonOf(guard.verify(seen)), 'accepted');
  assert.equal(issuer.asked['/introspect'], undefined);
  await clock.advance(1_000);
  for (const token of [seen, fresh]) assert.equal(await reasonOf(guard.verify(token)), 'accepted');
  assert.equal(issuer.lastAuthorization, `Basic ${Buffer.from('https%3A%2F%2Fapi.example.com:secret').toString('base64')}`);
  assert.equal(await reasonOf(guard.verify(revoked)), 'inactive');
  assert.equal(issuer.asked['/introspect'], 3);
  await Promise.all(Array.from({ length: 20 }, () => guard.verify(seen)));
  assert.equal(issuer.asked['/introspect'], 3, 'it was asked a moment ago');
  await clock.advance(5_000);
  await Promise.all(Array.from({ length: 20 }, () => guard.verify(seen)));
  assert.equal(issuer.asked['/introspect'], 4, 'one question for all who wait');
});

test('introspect: while the issuer cannot be asked, nobody passes', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'introspect', credentials });
  const { seen } = await tokens(issuer, guard);
  await cutFeed(issuer, guard);
  await clock.advance(31_000);
  const answers = [
    (_, response) => response.destroy(),
    (_, response) => response.writeHead(401).end(),
    (_, response) => response.writeHead(302, { location: '/introspect-elsewhere' }).end(),
    (_, response) => response.end('{"active":"true"}'),
    (_, response) => response.end('[true]'),
    (_, response) => response.end('<html>'),
    (_, response) => response.end(`{"active":true,"x":"${'x'.repeat(300_000)}"}`),
  ];
  for (const [index, answer] of answers.entries()) {
    issuer.answers['/introspect'] = answer;
    assert.equal(await reasonOf(guard.verify(seen)), 'revocations_unavailable', String(index));
  }
  delete issuer.answers['/introspect'];
  assert.equal(await reasonOf(guard.verify(seen)), 'accepted');
});

test('before the first snapshot the same three choices hold, after requests have waited for five seconds', async (t) => {
  for (const [options, expected] of [
    [{ whenStale: 'accept' }, 'accepted'],
    [{ whenStale: 'refuse' }, 'revocations_unavailable'],
    [{ whenStale: 'introspect', credentials }, 'accepted'],
    [{ whenStale: 'refuse', revocation: 'required' }, 'revocations_unavailable'],
  ]) {
    const issuer = await TestIssuer.start(t);
    issuer.answers[SNAPSHOT] = () => {};
    const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, ...options }, issuer.clock);
    let verdict;
    const asked = reasonOf(guard.verify(await issuer.token())).then((reason) => { verdict = reason; });
    await until('the snapshot was asked for', () => issuer.asked[SNAPSHOT] === 1);
    assert.equal(verdict, undefined, 'it waits');
    await issuer.clock.advance(5_000);
    await asked;
    assert.equal(verdict, expected, JSON.stringify(options));
    guard.close();
  }
});

test('a signed time that stands still makes the knowledge old, however fresh the stream looks', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'refuse' });
  const iat = clock.now();
  for (let second = 0; second < 31; second++) {
    issuer.enter('jti', `j${second}`);
    await issuer.publish(second, { iat });
    await caughtUp(guard, issuer);
    await clock.advance(1_000);
  }
  assert.ok(guard.status().following);
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'revocations_unavailable');
});

test('what comes late is as old as it says', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'refuse' });
  issuer.enter('jti', 'held back');
  await clock.advance(10_000);
  await issuer.publish(0, { iat: clock.now() - 9 });
  await caughtUp(guard, issuer);
  assert.equal(guard.status().stalenessSeconds, 9);
  // The silence that follows is noticed; whoever held this back lets nothing else through.
  issuer.answers[STREAM] = (_, response) => response.writeHead(500).end();
  await clock.advance(22_000);
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'revocations_unavailable');
});

test('a wall clock that was put back does not make the knowledge young', async (t) => {
  const { issuer, guard, clock } = await follow(t, { whenStale: 'refuse' });
  await cutFeed(issuer, guard);
  clock.skewSecs = -1_000;
  await clock.advance(31_000);
  assert.equal(guard.status().stalenessSeconds, 31);
  assert.equal(await reasonOf(guard.verify(await issuer.token())), 'revocations_unavailable');
});

test('where a feed is required, an issuer without one is as good as one whose feed is cut', async (t) => {
  const issuer = await TestIssuer.start(t);
  issuer.metadata = { symbolon_revocation_stream_endpoint: undefined, symbolon_revocation_snapshot_endpoint: undefined };
  for (const [whenStale, expected] of [['accept', 'accepted'], ['refuse', 'revocations_unavailable']]) {
    const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, revocation: 'required', whenStale }, issuer.clock);
    t.after(() => guard.close());
    await assert.rejects(guard.ready(), /offers no revocation feed/);
    assert.equal(await reasonOf(guard.verify(await issuer.token())), expected);
  }
});
