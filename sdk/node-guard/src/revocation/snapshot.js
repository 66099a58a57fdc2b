/**
 * A snapshot: all that has to be remembered, in one file with a signed head that has the digest of the body.
 *
 * `SYMREVO1`, the length of the head (4 bytes, big-endian), the head, the body. The body has for each kind of ids a count (4
 * bytes) and as many pairs of fingerprint (8) and second to forget it at (4); then a count (4) of rules, 17 bytes each.
 */

import { createHash } from 'node:crypto';
import { FeedError } from '../errors.js';
import { ID_KINDS, isKnown, isRule } from './kinds.js';
import { RECORD_BYTES } from './revoked.js';
import { decoded } from './signed.js';

export const MEDIA_TYPE = 'application/vnd.symbolon.revocations';
/** The longest snapshot: some twenty million ids. */
export const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024;

const TYPE = 'symbolon-revocation-snapshot+jwt';
const MAGIC = 'SYMREVO1';
const MAX_HEAD_LENGTH = 16 * 1024;
const PAIR_BYTES = 12;
/** How many ids are added at once: about a millisecond. */
const BATCH = 4096;

/**
 * @typedef {object} Snapshot
 * @property {number} iat
 * @property {string} epoch
 * @property {number} seq
 * @property {Buffer[]} ids pairs, by kind
 * @property {Buffer} rules
 */

/**
 * Verifies a snapshot from its first to its last byte.
 * @param {import('./signed.js').Heads} heads
 * @param {Buffer} bytes
 * @returns {Promise<Snapshot>}
 */
export async function verifySnapshot(heads, bytes) {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new FeedError('not a snapshot of revocations');
  const rest = new Rest(bytes.subarray(MAGIC.length));
  const length = rest.count();
  if (length > MAX_HEAD_LENGTH) throw new FeedError('the head of the snapshot is too long');
  const head = await heads.verify(rest.take(length).toString('latin1'), TYPE, MAX_HEAD_LENGTH);
  const digest = createHash('sha256').update(rest.bytes).digest();
  if (!decoded(head.claims.sha256).equals(digest)) throw new FeedError('the body of the snapshot is not the one that was signed');
  const ids = ID_KINDS.map(() => rest.take(rest.count() * PAIR_BYTES));
  const rules = rest.take(rest.count() * RECORD_BYTES);
  if (rest.bytes.length > 0) throw new FeedError('bytes stand after the snapshot');
  for (let at = 0; at < rules.length; at += RECORD_BYTES)
    if (isKnown(rules[at]) && !isRule(rules[at])) throw new FeedError('an id stands among the rules of the snapshot');
  return { iat: head.iat, epoch: head.epoch, seq: head.seq, ids, rules };
}

/**
 * Adds a snapshot to what is there, in steps between which requests are answered. It never takes the place of what is there.
 * @param {import('./revoked.js').Revoked} revoked
 * @param {Snapshot} snapshot
 * @param {number} now
 * @param {AbortSignal} signal
 */
export async function addSnapshot(revoked, { ids, rules }, now, signal) {
  // First the few that concern many.
  for (let at = 0; at < rules.length; at += RECORD_BYTES) revoked.addRecord(rules, at, now);
  revoked.expect(ids.reduce((sum, pairs) => sum + pairs.length / PAIR_BYTES, 0));
  try {
    for (const pairs of ids) {
      for (let from = 0; from < pairs.length; from += BATCH * PAIR_BYTES) {
        const end = Math.min(from + BATCH * PAIR_BYTES, pairs.length);
        for (let at = from; at < end; at += PAIR_BYTES)
          revoked.addId(pairs.readUInt32BE(at), pairs.readUInt32BE(at + 4), pairs.readUInt32BE(at + 8), now);
        await new Promise((done) => setImmediate(done));
        signal.throwIfAborted();
      }
    }
  } finally {
    revoked.expect(0);
  }
}

/** What is not read yet. */
class Rest {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  /** @param {number} length */
  take(length) {
    if (length > this.bytes.length) throw new FeedError('the snapshot is cut off');
    const taken = this.bytes.subarray(0, length);
    this.bytes = this.bytes.subarray(length);
    return taken;
  }

  count() {
    return this.take(4).readUInt32BE(0);
  }
}
