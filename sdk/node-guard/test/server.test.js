/** The guard in a real Express API, against the real server: what it is for, and what happens when the feed is cut. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CompactSign, decodeJwt, decodeProtectedHeader, generateKeyPair } from 'jose';
import { until } from './support/clock.js';
import { API, World } from './support/real.js';

const root = join(import.meta.dirname, '..');
const SNAPSHOT = '/revocations/snapshot';
const STREAM = '/revocations/stream';
/** What is promised of a revocation. */
const AT_ONCE_MS = 1_000;

let world;
before(async () => {
  world = await World.start();
});
after(() => world?.stop());

/** Milliseconds until the API refuses the token. */
async function refusedAfter(ask, token) {
  const start = performance.now();
  await until('it is refused', async () => (await ask(token)) === 401);
  return performance.now() - start;
}

test('a token of the server opens what its scopes allow, and nothing else', async (t) => {
  const { request, guard } = await world.following(t);
  const token = await world.token();
  const { status, body } = await request('/dragons', { token });
  assert.deepEqual([status, JSON.parse(body).sub], [200, decodeJwt(token).sub]);
  const forbidden = await request('/burn', { token });
  assert.deepEqual([forbidden.status, forbidden.challenge],
    [403, `Bearer realm="${API}", error="insufficient_scope", scope="burn:dragons"`]);
  const nobody = await request('/dragons');
  assert.deepEqual([nobody.status, nobody.challenge], [401, `Bearer realm="${API}"`]);
  assert.equal((await request('/dragons', { token: `${token.slice(0, -4)}AAAA` })).status, 401);
  assert.deepEqual(guard.status().refusals, { insufficient_scope: 1, no_token: 1, bad_signature: 1 });
});

test('a token that was revoked is refused within a second, though it was seen before; its neighbour is not', async (t) => {
  const { ask, guard } = await world.following(t);
  const times = [];
  for (let round = 0; round < 10; round++) {
    const [revoked, neighbour] = [await world.token(), await world.token()];
    assert.deepEqual([await ask(revoked), await ask(neighbour), await ask(revoked)], [200, 200, 200]);
    await world.revoke(revoked);
    times.push(await refusedAfter(ask, revoked));
    assert.equal(await ask(neighbour), 200);
  }
  t.diagnostic(`refused after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  assert.ok(Math.max(...times) < AT_ONCE_MS, String(times));
  assert.ok(guard.status().cache.hits >= 10);
});

test('a session that has ended and a user who was blocked take their tokens with them', async (t) => {
  const { ask } = await world.following(t);
  const [signIn, other] = [await world.person('bea@example.test'), await world.person('cy@example.test')];
  const [first, second, untouched] = [await signIn(), await signIn(), await other()];
  assert.deepEqual([await ask(first), await ask(second), await ask(untouched)], [200, 200, 200]);
  await world.server.command(['user', 'block', 'bea@example.test', '--yes']);
  for (const token of [first, second]) assert.ok((await refusedAfter(ask, token)) < AT_ONCE_MS);
  await world.server.command(['session', 'end', '--user', 'cy@example.test', '--yes']);
  assert.ok((await refusedAfter(ask, untouched)) < AT_ONCE_MS);
});

/** The second of the wall clock, as tokens have it. */
const second = () => Math.floor(Date.now() / 1000);

test('rules about a client, the API and everything refuse what was issued until that second, and nothing issued later', async (t) => {
  const { ask, guard } = await world.following(t);
  const other = await world.addMachine('Other');
  for (const [rule, othersLive] of [[['--client', world.machine.id], true], [['--api', API], false], [['--everything'], false]]) {
    const [old, others] = [await world.token(), await world.token(other)];
    assert.deepEqual([await ask(old), await ask(others)], [200, 200]);
    // All within one second, the rule's: begin where one begins.
    const before = second();
    await until('a second begins', () => second() > before);
    const same = await world.token();
    assert.equal(await ask(same), 200);
    await world.server.command(['token', 'revoke', ...rule, '--yes']);
    assert.ok((await refusedAfter(ask, old)) < AT_ONCE_MS);
    assert.equal(await ask(same), 401, 'of the second of the rule, or before');
    assert.equal(await ask(others), othersLive ? 200 : 401, rule.join(' '));
    const ruled = second();
    await until('the next second', () => second() > ruled);
    assert.equal(await ask(await world.token()), 200, 'a later one');
  }
  const { refusals } = guard.status();
  assert.ok(refusals.revoked_client >= 2 && refusals.revoked_api >= 1 && refusals.revoked_all >= 1, JSON.stringify(refusals));
});

test('what was revoked before the API began is refused by the first request', async (t) => {
  const token = await world.token();
  await world.revoke(token);
  const { ask } = await world.api(t);
  assert.equal(await ask(token), 401);
});

test('a feed that is cut: accepted, asked about, or 503, as the owner chose; and back', async (t) => {
  const maxStaleness = 3;
  const accept = await world.following(t, { maxStaleness, whenStale: 'accept' });
  const introspect = await world.following(t, { maxStaleness, whenStale: 'introspect', credentials: world.credentials });
  const refuse = await world.following(t, { maxStaleness, whenStale: 'refuse' });
  const all = [accept, introspect, refuse];
  const verdicts = (token) => Promise.all(all.map(({ ask }) => ask(token)));
  const [good, revoked] = [await world.token(), await world.token()];
  for (const token of [good, revoked]) assert.deepEqual(await verdicts(token), [200, 200, 200]);

  world.front.cut();
  t.after(() => world.front.mend());
  await world.revoke(revoked);
  assert.deepEqual(await verdicts(good), [200, 200, 200], 'up to maxStaleness nothing changes');
  await until('all are stale', () => all.every(({ guard }) => guard.status().stalenessSeconds > maxStaleness));
  assert.deepEqual(await verdicts(good), [200, 200, 503]);
  assert.deepEqual(await verdicts(revoked), [200, 401, 503]);
  const { headers } = await refuse.request('/dragons', { token: good });
  assert.equal(headers['retry-after'], '1');

  world.front.mend();
  await until('it is refused by all', async () => (await verdicts(revoked)).every((status) => status === 401));
  await until('they follow', () => all.every(({ guard }) => guard.status().following));
  assert.deepEqual(await verdicts(good), [200, 200, 200]);
});

test('before the first snapshot the same three choices hold', async (t) => {
  world.front.cut();
  t.after(() => world.front.mend());
  const token = await world.token();
  const { credentials } = world;
  const choices = [{ whenStale: 'accept' }, { whenStale: 'introspect', credentials }, { whenStale: 'refuse' }, { whenStale: 'refuse', revocation: 'required' }];
  const apis = await Promise.all(choices.map((options) => world.api(t, options)));
  assert.deepEqual(await Promise.all(apis.map(({ ask }) => ask(token))), [200, 200, 503, 503]);
  world.front.mend();
  await until('all pass', async () => (await Promise.all(apis.map(({ ask }) => ask(token)))).every((status) => status === 200));
});

test('after a partition the guard catches up from the number it had', async (t) => {
  const { ask, guard } = await world.following(t);
  const tokens = await Promise.all(Array.from({ length: 25 }, () => world.token()));
  for (const token of tokens) assert.equal(await ask(token), 200);
  const { epoch, seq } = guard.status();
  world.front.cut();
  t.after(() => world.front.mend());
  await until('the guard noticed', () => !guard.status().following);
  for (const token of tokens) await world.revoke(token);
  const snapshots = world.front.count(SNAPSHOT);
  world.front.asked = [];
  world.front.mend();
  await until('it caught up', () => guard.status().seq === seq + tokens.length);
  for (const token of tokens) assert.equal(await ask(token), 401);
  assert.ok(world.front.asked.includes(`${STREAM}?after=${epoch}.${seq}`), String(world.front.asked));
  assert.deepEqual([snapshots > 0, world.front.count(SNAPSHOT)], [true, 0]);
});

test('a server that crashed and came back is followed from the same number', async (t) => {
  const { ask, guard } = await world.following(t);
  const [before, later] = [await world.token(), await world.token()];
  await ask(later);
  await world.revoke(before);
  await until('it is refused', async () => (await ask(before)) === 401);
  const { epoch, seq } = guard.status();
  world.front.asked = [];
  await world.server.crash();
  await until('it serves', () => world.revoke(later).then(() => true, () => false));
  await until('it is refused', async () => (await ask(later)) === 401);
  assert.equal(await ask(before), 401);
  assert.deepEqual([guard.status().epoch, guard.status().seq], [epoch, seq + 1]);
  assert.equal(world.front.count(SNAPSHOT), 0);
});

test('where the server cannot go on (410), a snapshot is added to what is known', async (t) => {
  const { ask, guard } = await world.following(t);
  const [before, away] = [await world.token(), await world.token()];
  await world.revoke(before);
  await until('it is refused', async () => (await ask(before)) === 401);
  world.front.cut();
  t.after(() => Object.assign(world.front, { rewrite: (path) => path }).mend());
  await until('the guard noticed', () => !guard.status().following);
  await world.revoke(away);
  // As if the guard had been away for longer than the log reaches.
  let asked = 0;
  world.front.rewrite = (path) => (path.startsWith(STREAM) && asked++ === 0 ? `${path}999999` : path);
  world.front.asked = [];
  world.front.mend();
  await until('it caught up', async () => guard.status().following && (await ask(away)) === 401);
  assert.equal(await ask(before), 401);
  assert.equal(world.front.count(SNAPSHOT), 1);
});

test('replayed and forged events on the way change nothing, and hide nothing', async (t) => {
  const { ask, guard } = await world.following(t);
  const [first, second] = [await world.token(), await world.token()];
  await world.revoke(first);
  await until('it is refused', async () => (await ask(first)) === 401);
  const size = guard.status().setSize;
  // Everything that was ever said, once more.
  world.front.inject(`\n\n${world.front.heard}`);
  assert.equal(await ask(first), 401);
  assert.equal(await ask(second), 200);
  const { privateKey } = await generateKeyPair('RS256');
  const { kid } = decodeProtectedHeader(first);
  // A rule against everything, for ever.
  const entries = Buffer.from(['13', '00'.repeat(8), 'ffffffff', 'ffffffff'].join(''), 'hex').toString('base64url');
  const { epoch, seq } = guard.status();
  const claims = { iss: world.issuer, iat: Math.floor(Date.now() / 1000), epoch, after: seq, seq: seq + 1, entries };
  const forged = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RS256', kid, typ: 'symbolon-revocations+jwt' }).sign(privateKey);
  world.front.asked = [];
  world.front.inject(`\n\nevent: revocations\ndata: ${forged}\n\n`);
  await until('the guard came back', () => world.front.count(STREAM) > 0 && guard.status().following);
  assert.equal(await ask(second), 200);
  assert.equal(guard.status().setSize, size);
  await world.revoke(second);
  assert.ok((await refusedAfter(ask, second)) < AT_ONCE_MS);
});

test('the feed goes on when other keys sign', async (t) => {
  const { ask } = await world.following(t);
  const old = await world.token();
  assert.equal(await ask(old), 200);
  await world.server.command(['keys', 'rotate', '--now']);
  const fresh = await world.token();
  assert.deepEqual([await ask(old), await ask(fresh)], [200, 200]);
  for (const token of [old, fresh]) {
    await world.revoke(token);
    assert.ok((await refusedAfter(ask, token)) < AT_ONCE_MS);
  }
});

test('a key that was compromised takes with it all that it signed, and the feed goes on', async (t) => {
  const { ask, guard } = await world.following(t);
  const old = await world.token();
  assert.equal(await ask(old), 200);
  await world.server.command(['keys', 'retire', decodeProtectedHeader(old).kid, '--compromised', '--yes']);
  assert.ok((await refusedAfter(ask, old)) < AT_ONCE_MS);
  const fresh = await world.token();
  assert.equal(await ask(fresh), 200);
  await world.revoke(fresh);
  assert.ok((await refusedAfter(ask, fresh)) < AT_ONCE_MS);
  assert.equal(guard.status().lastError, null);
});

test('a closed feed is followed with the secret of the API, and by nobody else', async (t) => {
  const closed = await World.start({ SYMBOLON_REVOCATION__FEED: 'authenticated' });
  t.after(() => closed.stop());
  const { ask } = await closed.following(t, { credentials: closed.credentials, whenStale: 'refuse' });
  const token = await closed.token();
  assert.equal(await ask(token), 200);
  await closed.revoke(token);
  assert.ok((await refusedAfter(ask, token)) < AT_ONCE_MS);
  for (const credentials of [undefined, { id: API, secret: 'wrong' }, closed.machine]) {
    const stranger = await closed.api(t, { credentials, whenStale: 'refuse' });
    await assert.rejects(stranger.guard.ready(), /401/);
    assert.equal(await stranger.ask(await closed.token()), 503);
  }
});

test('the ten lines of the README protect an API', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, lines] = /```js\n(.*?)```/s.exec(readme);
  const script = lines
    .replace('https://auth.example.com', world.issuer)
    .replace('https://api.example.com', API)
    .replace('app.listen(4402);', 'const server = app.listen(0, () => console.log(server.address().port));');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  const ask = async (token, path = '/dragons', method = 'GET') =>
    (await fetch(`http://127.0.0.1:${port.trim()}${path}`, { method, headers: { authorization: `Bearer ${token}` } })).status;
  const token = await world.token();
  assert.deepEqual([await ask(token), await ask(token, '/dragons/7', 'DELETE'), await ask('x')], [200, 403, 401]);
  await world.revoke(token);
  assert.ok((await refusedAfter(ask, token)) < AT_ONCE_MS);
});
