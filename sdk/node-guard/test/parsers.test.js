/** What reads bytes of others: no input may do more than be refused, and none may cost more than its length. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { FeedError } from '../src/errors.js';
import { verifyEvent } from '../src/revocation/event.js';
import { Revoked } from '../src/revocation/revoked.js';
import { IdSet } from '../src/revocation/set.js';
import { addSnapshot, verifySnapshot } from '../src/revocation/snapshot.js';
import { EventReader } from '../src/revocation/sse.js';
import { START } from './support/clock.js';
import { fingerprint, KINDS, record, snapshotBody, snapshotFile } from './support/log.js';

/** Vouches for every head, so that what is behind the signature is reached; signatures have tests of their own. */
const vouching = (claims) => ({
  verify: async () => ({ iat: START, epoch: 'e', seq: 9, claims: typeof claims === 'function' ? claims() : claims }),
});

const snapshotOf = (body) =>
  verifySnapshot(vouching({ sha256: createHash('sha256').update(body).digest('base64url') }), snapshotFile('head', body));

const count = (number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
};

/** Random numbers that are the same in every run. */
function* randoms(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

const entries = ['jti', 'sid', 'rh', 'client', 'api', 'key', 'all'].map((name, index) => ({
  kind: KINDS[name], fingerprint: fingerprint(name, String(index)), revokedAt: START, forgetAt: START + 900,
}));

test('a snapshot is read to its last byte', async () => {
  const snapshot = await snapshotOf(snapshotBody(entries));
  const revoked = new Revoked();
  await addSnapshot(revoked, snapshot, START, new AbortController().signal);
  assert.equal(revoked.size, 7);
});

test('counts that promise more than there is are refused before anything is made room for', async () => {
  const bodies = [
    Buffer.alloc(0), Buffer.alloc(3), count(1), count(0xffff_ffff), Buffer.concat([count(0), count(0), count(0)]),
    Buffer.concat([count(0), count(0), count(0), count(0xffff_ffff)]), Buffer.concat([count(0x5555_5556), Buffer.alloc(100)]),
    Buffer.concat([count(1), Buffer.alloc(11)]), Buffer.concat([count(0), count(0), count(0), count(0), Buffer.from('x')]),
  ];
  for (const body of bodies) await assert.rejects(snapshotOf(body), FeedError, body.toString('hex'));
});

test('an id among the rules is refused, a rule of an unknown kind is passed by', async () => {
  const rules = (kind) => Buffer.concat([count(0), count(0), count(0), count(1), record({ ...entries[0], kind })]);
  for (const kind of [1, 2, 3]) await assert.rejects(snapshotOf(rules(kind)), /id stands among the rules/);
  for (const kind of [0, 4, 15, 20, 255]) assert.equal((await snapshotOf(rules(kind))).rules.length, 17);
});

test('a head may be short of everything, and no longer than it may be', async () => {
  const body = snapshotBody([]);
  const good = snapshotFile('head', body);
  for (let length = 0; length < good.length; length++)
    await assert.rejects(verifySnapshot(vouching({ sha256: 'AA' }), good.subarray(0, length)), FeedError, String(length));
  for (const length of [0xffff_ffff, 16 * 1024 + 1]) {
    const file = Buffer.concat([Buffer.from('SYMREVO1'), count(length), Buffer.alloc(20_000)]);
    await assert.rejects(verifySnapshot(vouching({}), file), /too long|cut off/);
  }
  for (const sha256 of [undefined, null, 7, '', 'AA==', [], {}])
    await assert.rejects(verifySnapshot(vouching({ sha256 }), good), FeedError, String(sha256));
});

test('ten thousand snapshots that were changed at random are read or refused', async () => {
  const random = randoms(1);
  const next = (below) => Math.floor(random.next().value * below);
  const good = snapshotBody(entries);
  for (let round = 0; round < 10_000; round++) {
    let body = Buffer.from(good);
    for (let change = next(4); change >= 0; change--) body[next(body.length)] = next(256);
    if (next(3) === 0) body = body.subarray(0, next(body.length));
    const snapshot = await snapshotOf(body).catch((error) => {
      assert.ok(error instanceof FeedError, String(error.stack));
    });
    if (!snapshot) continue;
    const revoked = new Revoked();
    await addSnapshot(revoked, snapshot, START, new AbortController().signal);
    assert.ok(revoked.size <= 7);
  }
});

test('numbers and entries of an event must fit each other, whatever they are', async () => {
  const one = record(entries[0]).toString('base64url');
  const bad = [
    {}, { after: 8 }, { after: 8, entries: '' }, { after: 8, entries: null }, { after: 8, entries: 'A' }, { after: 8, entries: `${one}==` },
    { after: 7, entries: one }, { after: 9, entries: one }, { after: 10 }, { after: -1 }, { after: 0.5 }, { after: 2 ** 53 },
    { after: '8', entries: one }, { after: NaN }, { after: 8, entries: one.slice(1) },
  ];
  for (const claims of bad) await assert.rejects(verifyEvent(vouching(claims), 'x'), FeedError, JSON.stringify(claims));
  assert.equal((await verifyEvent(vouching({ after: 8, entries: one }), 'x')).entries.length, 17);
  assert.equal((await verifyEvent(vouching({ after: 9 }), 'x')).entries.length, 0);
});

/** The events in pieces of this length. */
function events(text, length, max = 1000) {
  const reader = new EventReader(max);
  const bytes = Buffer.from(text);
  const found = [];
  for (let at = 0; at < bytes.length; at += length) found.push(...reader.push(bytes.subarray(at, at + length)));
  return found.map(({ event, data }) => `${event}:${data}`);
}

test('events of a stream are the same however they are cut and however lines end', () => {
  const lines = [': hello', 'id: e.1', 'event: revocations', 'data: a', 'data:b', 'data:  c', '', '', 'data', '', 'event: x', '', 'retry: 5',
    'data: é€😀', '', 'data: unfinished'];
  for (const end of ['\n', '\r\n', '\r'])
    for (let length = 1; length < 40; length++)
      assert.deepEqual(events(lines.join(end), length), ['revocations:a\nb\n c', 'message:', 'message:é€😀'], `${JSON.stringify(end)} ${length}`);
});

test('no event, line or comment is longer than it may be', () => {
  const endless = ['data: ', ':', 'x', 'data: a\ndata: b\n', ':\n', 'id: 1\n'];
  for (const text of endless) assert.throws(() => events(text.repeat(2000), 100), /too long/, text);
  assert.equal(events(`data: ${'x'.repeat(900)}\n\n`.repeat(50), 77).length, 50, 'each event counts for itself');
});

test('bytes that are no UTF-8 break nothing', () => {
  const random = randoms(2);
  for (let round = 0; round < 2_000; round++) {
    const bytes = Buffer.from(Array.from({ length: 64 }, () => [10, 13, 58, 32, 255, 0, 100][Math.floor(random.next().value * 7)]));
    const reader = new EventReader(1000);
    assert.ok([...reader.push(bytes)].every(({ data }) => typeof data === 'string'));
  }
});

test('the set knows what was added, and forgets it when it is due, as a plain map would', () => {
  const random = randoms(3);
  const next = (below) => Math.floor(random.next().value * below);
  const set = new IdSet();
  const model = new Map();
  let now = START;
  for (let round = 0; round < 40_000; round++) {
    // Few halves, so that ids lie close and tables wrap around.
    const [hi, lo] = [next(4) * 0x4000_0001, 0xffff_ffff - next(800)];
    const name = `${hi}:${lo}`;
    const forgetAt = now - 5 + next(500);
    set.add(hi, lo, forgetAt, now);
    if (forgetAt > now) model.set(name, Math.max(model.get(name) ?? 0, forgetAt));
    if (round % 200 === 0) {
      now++;
      for (let step = 0; step < 256; step++) set.forget(step, now);
      for (const [id, until] of model) if (until <= now) model.delete(id);
      assert.equal(set.size, model.size);
    }
    const [otherHi, otherLo] = [next(4) * 0x4000_0001, 0xffff_ffff - next(800)];
    assert.equal(set.has(otherHi, otherLo), model.has(`${otherHi}:${otherLo}`));
  }
  assert.ok(set.size > 500);
});

test('there are no more rules than there may be, and it is said aloud', async () => {
  const warned = new Promise((done) => process.on('warning', (warning) => warning.code === 'SYMBOLON_RULES' && done(warning.message)));
  const revoked = new Revoked();
  const rule = (id) => record({ kind: KINDS.client, fingerprint: fingerprint('client', id), revokedAt: START, forgetAt: START + 9 });
  for (let number = 0; number < 5_000; number++) revoked.addRecord(rule(`c${number}`), 0, START);
  assert.equal(revoked.size, 4096);
  assert.match(await warned, /too many rules/);
});
