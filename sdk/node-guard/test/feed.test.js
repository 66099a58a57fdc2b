/** Following the feed (decision 6): holes, silence, partitions, and everything somebody in between could try. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../src/guard.js';
import { AUDIENCE, caughtUp, following, reasonOf, TestIssuer } from './support/issuer.js';
import { START, turn, until } from './support/clock.js';

const follow = (t, setting) => following(t, createGuard, setting);
const SNAPSHOT = '/revocations/snapshot';
const STREAM = '/revocations/stream';

/** The verdict on a token of this session. */
const verdictOn = async (issuer, guard, sid) => reasonOf(guard.verify(await issuer.token({ sid })));

/** Writes to all who follow, and waits for the guard to be done with it: it has let go, or knows a later event. */
async function sendRefused(issuer, guard, event) {
  const streams = [...issuer.streams];
  for (const stream of streams) stream.write(event);
  await until('the guard let go', () => !guard.status().following);
}

test('news come by the stream, in order and without another snapshot', async (t) => {
  const { issuer, guard } = await follow(t);
  for (let number = 1; number <= 20; number++) {
    await issuer.revoke('sid', `s-${number}`);
    await caughtUp(guard, issuer);
    assert.equal(await verdictOn(issuer, guard, `s-${number}`), 'revoked_sid');
  }
  assert.deepEqual([issuer.asked[SNAPSHOT], issuer.asked[STREAM]], [1, 1]);
  assert.deepEqual([guard.status().seq, guard.status().epoch, guard.status().setSize], [20, 'Zk3v0Q', 20]);
});

test('how long news took is told', async (t) => {
  const { issuer, guard } = await follow(t);
  assert.equal(guard.status().lagSeconds, null);
  await issuer.revoke('sid', 's', { revokedAt: START - 7 });
  await caughtUp(guard, issuer);
  assert.equal(guard.status().lagSeconds, 7);
});

test('a stream that ends before it says anything is no stream: it is asked for at growing intervals', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  issuer.answers[STREAM] = (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': hello\n\n');
  issuer.cut();
  await until('it noticed', () => !guard.status().following);
  const before = issuer.asked[STREAM];
  await clock.advance(375);
  await until('it ended', () => /said anything/.test(guard.status().lastError ?? ''));
  await clock.advance(749);
  assert.equal(issuer.asked[STREAM], before + 1);
});

test('after a partition it goes on from the number it has, without a snapshot', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  await issuer.revoke('sid', 'before');
  await caughtUp(guard, issuer);
  const positions = [];
  issuer.answers[STREAM] = (_, response, query) => (positions.push(query.get('after')), issuer.follow(response, query.get('after')));
  issuer.cut();
  await until('it noticed', () => !guard.status().following);
  for (let number = 0; number < 50; number++) issuer.enter('sid', `away-${number}`);
  await clock.advance(1_000);
  await caughtUp(guard, issuer);
  for (let number = 0; number < 50; number++) assert.equal(await verdictOn(issuer, guard, `away-${number}`), 'revoked_sid');
  assert.deepEqual([positions, issuer.asked[SNAPSHOT]], [['Zk3v0Q.1'], 1]);
});

test('who was away too long takes a snapshot, and keeps what it had refused', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  await issuer.revoke('sid', 'kept');
  await caughtUp(guard, issuer);
  issuer.cut();
  await until('it noticed', () => !guard.status().following);
  // The log has gone on, and has forgotten: its first entries are neither in the stream nor in the snapshot.
  issuer.entries = [];
  issuer.first = 1000;
  issuer.enter('sid', 'missed');
  await clock.advance(1_000);
  await caughtUp(guard, issuer);
  assert.equal(issuer.asked[SNAPSHOT], 2);
  assert.equal(await verdictOn(issuer, guard, 'missed'), 'revoked_sid');
  assert.equal(await verdictOn(issuer, guard, 'kept'), 'revoked_sid', 'nothing becomes valid again');
});

test('a hole in the stream is filled by a snapshot', async (t) => {
  const { issuer, guard } = await follow(t);
  issuer.enter('sid', 'lost on the way');
  issuer.enter('sid', 'came');
  await issuer.publish(1);
  await caughtUp(guard, issuer);
  assert.equal(issuer.asked[SNAPSHOT], 2);
  assert.equal(await verdictOn(issuer, guard, 'lost on the way'), 'revoked_sid');
});

test('an event that overlaps with what is known is taken in from where it is new', async (t) => {
  const { issuer, guard } = await follow(t);
  for (const sid of ['a', 'b']) await issuer.revoke('sid', sid);
  await issuer.revoke('x', 'of a kind to come', { kind: 77 });
  await caughtUp(guard, issuer);
  issuer.enter('sid', 'c');
  await issuer.publish(0);
  await caughtUp(guard, issuer);
  assert.deepEqual([guard.status().setSize, issuer.asked[SNAPSHOT]], [3, 1]);
  assert.equal(guard.status().unknownEntries, 1, 'counted once');
});

test('what is forged counts for nothing: not one entry, not one second', async (t) => {
  const forgeries = {
    'a key of somebody else': async (issuer) => [{}, { key: await issuer.addKey('k1', 'ES256', { publish: false }) }],
    'another type': () => [{}, { typ: 'symbolon-revocation-snapshot+jwt' }],
    'a token\'s type': () => [{}, { typ: 'at+jwt' }],
    'another issuer': () => [{ iss: 'https://evil.example' }],
    'from the future': () => [{ iat: START + 1000 }],
    'no epoch': () => [{ epoch: undefined }],
    'an epoch that is none': () => [{ epoch: '../x y' }],
    'no numbers': () => [{ seq: undefined }],
    'a number that is text': () => [{ seq: '1' }],
    'a negative number': () => [{ after: -1 }],
    'more than it has': () => [{ seq: 7 }],
    'less than it has': () => [{ entries: undefined }],
    'half an entry': () => [{ entries: 'AAAA' }],
    'entries that are no base64url': () => [{ entries: '++==' }],
    'entries that are a list': () => [{ entries: [] }],
  };
  for (const [name, forge] of Object.entries(forgeries)) {
    const { issuer, guard } = await follow(t);
    const [claims, options] = await forge(issuer);
    issuer.enter('sid', 'victim');
    const event = await issuer.event(0, claims, options);
    issuer.entries = [];
    await sendRefused(issuer, guard, event);
    assert.equal(await verdictOn(issuer, guard, 'victim'), 'accepted', name);
    assert.equal(guard.status().setSize, 0, name);
    assert.equal(guard.status().seq, 0, name);
    guard.close();
  }
});

test('an event whose bytes were changed on the way counts for nothing', async (t) => {
  const { issuer, guard } = await follow(t);
  issuer.enter('sid', 'victim');
  const [header, payload, signature] = (await issuer.eventJws(0)).split('.');
  issuer.entries = [];
  const claims = { ...JSON.parse(Buffer.from(payload, 'base64url')), epoch: 'other' };
  const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
  await sendRefused(issuer, guard, `event: revocations\ndata: ${header}.${changed}.${signature}\n\n`);
  assert.equal(await verdictOn(issuer, guard, 'victim'), 'accepted');
});

test('events replayed from before neither change what is known nor make it look fresh', async (t) => {
  const { issuer, guard, clock } = await follow(t, { options: { maxStaleness: 60, whenStale: 'refuse' } });
  const old = await issuer.event(0, {}, {});
  await issuer.revoke('sid', 'gone');
  await caughtUp(guard, issuer);
  await clock.advance(5_000);
  await issuer.publish();
  await until('it heard', () => guard.status().stalenessSeconds === 0);
  // From here on somebody holds back what the issuer says, and plays what it once said.
  for (let second = 0; second < 29; second++) {
    for (const stream of issuer.streams) stream.write(old);
    await turn();
    await clock.advance(1_000);
  }
  assert.equal(guard.status().stalenessSeconds, 29);
  assert.equal(guard.status().seq, 1);
  assert.equal(await verdictOn(issuer, guard, 'gone'), 'revoked_sid');
  issuer.answers[STREAM] = (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(old);
  issuer.answers[SNAPSHOT] = (_, response) => response.writeHead(500).end();
  await clock.advance(32_000);
  assert.equal(await verdictOn(issuer, guard, 'fine'), 'revocations_unavailable');
  await until('it gave up the stream', () => !guard.status().following);
});

test('an older event that claims more than is known is refused, and a snapshot tells', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  issuer.enter('sid', 'crossed');
  await sendRefused(issuer, guard, await issuer.event(0, { iat: START - 5 }, {}));
  assert.equal(guard.status().seq, 0);
  assert.match(guard.status().lastError, /older/);
  await clock.advance(1_000);
  await caughtUp(guard, issuer);
  assert.equal(issuer.asked[SNAPSHOT], 2);
  assert.equal(await verdictOn(issuer, guard, 'crossed'), 'revoked_sid');
});

test('a stream may begin with what was said before the snapshot was made', async (t) => {
  const issuer = await TestIssuer.start(t);
  issuer.answers[STREAM] = async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(await issuer.event(issuer.seq, { iat: START - 4 }, {}));
    issuer.streams.add(response);
  };
  const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE }, issuer.clock);
  t.after(() => guard.close());
  await guard.ready();
  await until('it follows', () => issuer.streams.size === 1);
  // The word that counts may take a while; a stream is not given up for want of it.
  await issuer.clock.advance(14_000);
  await issuer.revoke('sid', 'gone');
  await caughtUp(guard, issuer);
  assert.equal(await verdictOn(issuer, guard, 'gone'), 'revoked_sid');
  assert.deepEqual([issuer.asked[STREAM], issuer.asked[SNAPSHOT]], [1, 1]);
});

test('a replayed snapshot is refused', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  const old = await issuer.snapshot();
  await issuer.revoke('sid', 'gone');
  await clock.advance(5_000);
  await issuer.publish();
  await until('it heard', () => guard.status().stalenessSeconds === 0);
  issuer.answers[SNAPSHOT] = (_, response) => response.end(old);
  issuer.answers[STREAM] = (_, response) => response.writeHead(410).end();
  issuer.cut();
  await until('it noticed', () => !guard.status().following);
  await clock.advance(1_000);
  await until('it was refused', () => /older/.test(guard.status().lastError ?? ''));
  assert.equal(guard.status().seq, 1);
  assert.equal(await verdictOn(issuer, guard, 'gone'), 'revoked_sid');
});

test('a database that was put back is named, and nothing becomes valid again', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  for (const sid of ['a', 'b', 'c']) await issuer.revoke('sid', sid);
  await caughtUp(guard, issuer);
  const warned = new Promise((done) => process.on('warning', (warning) => warning.code === 'SYMBOLON_PUT_BACK' && done(warning.message)));
  issuer.entries.length = 1;
  await clock.advance(1_000);
  await issuer.publish();
  assert.match(await warned, /put back/);
  await caughtUp(guard, issuer);
  for (const sid of ['a', 'b', 'c']) assert.equal(await verdictOn(issuer, guard, sid), 'revoked_sid');
  // The numbers of the lost ones are given anew, and to others.
  await issuer.revoke('sid', 'd');
  await caughtUp(guard, issuer);
  assert.equal(await verdictOn(issuer, guard, 'd'), 'revoked_sid');
});

test('another log is taken up with a snapshot, and nothing becomes valid again', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  await issuer.revoke('sid', 'a');
  await caughtUp(guard, issuer);
  issuer.entries = [];
  issuer.epoch = 'other';
  issuer.enter('sid', 'b');
  await clock.advance(1_000);
  await issuer.publish();
  await until('it is there', () => guard.status().epoch === 'other' && guard.status().following);
  assert.deepEqual([await verdictOn(issuer, guard, 'a'), await verdictOn(issuer, guard, 'b')], ['revoked_sid', 'revoked_sid']);
});

test('a snapshot that is forged, changed, cut off or none is refused whole', async (t) => {
  const broken = {
    'a key of somebody else': async (one) => one.snapshot({}, { key: await one.addKey('k1', 'ES256', { publish: false }) }),
    'an event\'s type': (one) => one.snapshot({}, { typ: 'symbolon-revocations+jwt' }),
    'another issuer': (one) => one.snapshot({ iss: 'https://evil.example' }),
    'from the future': (one) => one.snapshot({ iat: START + 1000 }),
    'another digest': (one) => one.snapshot({ sha256: 'AAAA' }),
    'no digest': (one) => one.snapshot({ sha256: undefined }),
    'another body': (one) => one.snapshot({}, { body: Buffer.alloc(16) }),
    'cut off': async (one) => (await one.snapshot()).subarray(0, -1),
    'more behind it': async (one) => Buffer.concat([await one.snapshot(), Buffer.alloc(1)]),
    empty: () => Buffer.alloc(0),
    text: () => Buffer.from('<html>'),
  };
  for (const [name, answer] of Object.entries(broken)) {
    const issuer = await TestIssuer.start(t);
    issuer.enter('sid', 'victim');
    const file = await answer(issuer);
    issuer.answers[SNAPSHOT] = (_, response) => response.end(file);
    const guard = createGuard({ issuer: issuer.url, audience: AUDIENCE, whenStale: 'refuse' }, issuer.clock);
    await assert.rejects(guard.ready(), undefined, name);
    assert.deepEqual([guard.status().setSize, guard.status().seq], [0, null], name);
    assert.equal(await verdictOn(issuer, guard, 'fine'), 'revocations_unavailable', name);
    guard.close();
  }
});

test('a stream that is silent is given up and asked for again', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  assert.equal(issuer.asked[STREAM], 1);
  await clock.advance(14_000);
  assert.ok(guard.status().following);
  await clock.advance(1_000);
  await until('it was given up', () => !guard.status().following);
  assert.match(guard.status().lastError, /silent/);
  await clock.advance(1_000);
  await caughtUp(guard, issuer);
  assert.deepEqual([issuer.asked[STREAM], issuer.asked[SNAPSHOT]], [2, 1]);
});

test('a key that is new is fetched when the feed is signed with it', async (t) => {
  const { issuer, guard } = await follow(t);
  issuer.signing = await issuer.addKey('k2', 'EdDSA');
  await issuer.revoke('sid', 'gone');
  await caughtUp(guard, issuer);
  assert.equal(await verdictOn(issuer, guard, 'gone'), 'revoked_sid');
  assert.equal(issuer.asked['/jwks'], 2);
});

test('a key that was revoked signs no news, though the key set still has it', async (t) => {
  const { issuer, guard } = await follow(t);
  const stolen = issuer.signing;
  issuer.signing = await issuer.addKey('k2', 'ES256');
  await issuer.revoke('key', stolen.kid);
  await caughtUp(guard, issuer);
  issuer.enter('sid', 'victim');
  const event = await issuer.event(1, {}, { key: stolen });
  issuer.entries.pop();
  await sendRefused(issuer, guard, event);
  assert.match(guard.status().lastError, /key that was revoked/);
  assert.equal(await verdictOn(issuer, guard, 'victim'), 'accepted');
});

test('what was signed by a key that is gone does not hold a guard up for ever', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  const gone = await issuer.addKey('gone', 'ES256', { publish: false });
  issuer.answers[STREAM] = async (_, response, query) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    // The first entry after the cut was told when another key signed.
    const key = query.get('after') === 'Zk3v0Q.0' ? gone : issuer.signing;
    response.write(await issuer.event(Number(query.get('after').split('.')[1]), {}, { key }));
    issuer.streams.add(response);
  };
  issuer.cut();
  await until('it noticed', () => !guard.status().following);
  issuer.enter('sid', 'missed');
  await clock.advance(1_000);
  await until('it was refused', () => /no key of the issuer/.test(guard.status().lastError ?? ''));
  await clock.advance(1_000);
  await caughtUp(guard, issuer);
  assert.equal(issuer.asked[SNAPSHOT], 2);
  assert.equal(await verdictOn(issuer, guard, 'missed'), 'revoked_sid');
});

test('an issuer in trouble is asked at growing intervals, and not before it says', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  let asked = 0;
  const refuse = (headers) => (_, response) => response.writeHead(500 + ++asked, headers).end();
  const refused = (times) => until(`${times} times`, () => new RegExp(`${500 + times}$`).test(guard.status().lastError ?? ''));
  issuer.answers[STREAM] = refuse({});
  issuer.cut();
  await until('it noticed', () => !guard.status().following);
  // The stream was cut by the first failure: 0.5 s. Spread by a random number, which the clock says is a half: three quarters.
  let times = 0;
  for (const ms of [375, 750, 1_500, 3_000, 6_000, 11_250, 11_250]) {
    await clock.advance(ms - 1);
    assert.equal(asked, times, `${ms} ms have not passed`);
    await clock.advance(1);
    await refused(++times);
  }
  issuer.answers[STREAM] = refuse({ 'retry-after': '40' });
  await clock.advance(11_250);
  await refused(++times);
  await clock.advance(39_999);
  assert.equal(asked, times, 'it waits as it was told');
  await clock.advance(1);
  await refused(++times);
});

test('a closed feed is opened with the credentials of the API, and stays closed without', async (t) => {
  const expected = `Basic ${Buffer.from('https%3A%2F%2Fapi.example.com:s+%2B%C3%A9').toString('base64')}`;
  const close = (issuer) => {
    const closed = (path, own) => {
      issuer.answers[path] = (request, response, query) =>
        request.headers.authorization === expected ? own(response, query) : response.writeHead(401).end();
    };
    closed(STREAM, (response, query) => issuer.follow(response, query.get('after')));
    closed(SNAPSHOT, async (response) => response.end(await issuer.snapshot()));
    issuer.enter('sid', 'gone');
  };
  const credentials = { id: AUDIENCE, secret: 's +é' };
  const { issuer, guard } = await follow(t, { prepare: close, options: { credentials } });
  assert.equal(await verdictOn(issuer, guard, 'gone'), 'revoked_sid');
  for (const wrong of [undefined, { id: AUDIENCE, secret: 'x' }]) {
    const other = createGuard({ issuer: issuer.url, audience: AUDIENCE, credentials: wrong }, issuer.clock);
    await assert.rejects(other.ready(), /401/);
    other.close();
  }
});

test('entries that are longer than a piece of the stream arrive whole', async (t) => {
  const { issuer, guard } = await follow(t);
  for (let number = 0; number < 5_000; number++) issuer.enter('jti', `j${number}`);
  const event = Buffer.from(await issuer.event(0, {}, {}));
  const [stream] = issuer.streams;
  for (let at = 0; at < event.length; at += 1000) {
    stream.write(event.subarray(at, at + 1000));
    if (at % 20_000 === 0) await turn();
  }
  await caughtUp(guard, issuer);
  assert.equal(guard.status().setSize, 5_000);
});

test('what is no stream, or an endless event, is given up', async (t) => {
  const answers = [
    (response) => response.end('<html>'),
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let count = 0; count < 300 && !response.destroyed; count++) response.write(`data: ${'x'.repeat(8192)}`);
    },
  ];
  for (const [index, answer] of answers.entries()) {
    const { issuer, guard, clock } = await follow(t);
    issuer.answers[STREAM] = (_, response) => answer(response);
    issuer.cut();
    await until('it noticed', () => !guard.status().following);
    await clock.advance(1_000);
    await until(`given up ${index}`, () => /is none|too long/.test(guard.status().lastError ?? ''));
    assert.equal(await verdictOn(issuer, guard, 'fine'), 'accepted');
    guard.close();
  }
});

test('a guard that was closed lets go of the stream and keeps what it knows', async (t) => {
  const { issuer, guard } = await follow(t);
  await issuer.revoke('sid', 'gone');
  await caughtUp(guard, issuer);
  guard.close();
  await until('the stream ended', () => issuer.streams.size === 0);
  assert.equal(await verdictOn(issuer, guard, 'gone'), 'revoked_sid');
});

test('a clock that was ahead for a while makes nothing forgotten', async (t) => {
  const { issuer, guard, clock } = await follow(t);
  const token = await issuer.token();
  await issuer.revoke('client', 'spa');
  await caughtUp(guard, issuer);
  clock.skewSecs = 7_200;
  await clock.advance(10_000);
  clock.skewSecs = 0;
  assert.equal(await reasonOf(guard.verify(token)), 'revoked_client');
});
