/** The revocation log of the test issuer and how it looks on the wire (decision 6). Written apart from the guard's reader. */

import { createHash } from 'node:crypto';

export const KINDS = { jti: 1, sid: 2, rh: 3, client: 16, api: 17, key: 18, all: 19 };

/** What an entry says, in 17 bytes. */
export function record({ kind, fingerprint, revokedAt, forgetAt }) {
  const bytes = Buffer.alloc(17);
  bytes[0] = kind;
  fingerprint.copy(bytes, 1);
  bytes.writeUInt32BE(revokedAt, 9);
  bytes.writeUInt32BE(forgetAt, 13);
  return bytes;
}

export const fingerprint = (name, id) => createHash('sha256').update(`${name}:${id}`).digest().subarray(0, 8);

/** The body of a snapshot. */
export function snapshotBody(entries) {
  const parts = [];
  for (const kind of [KINDS.jti, KINDS.sid, KINDS.rh]) {
    const pairs = entries.filter((entry) => entry.kind === kind).map(({ fingerprint: id, forgetAt }) => {
      const pair = Buffer.alloc(12);
      id.copy(pair, 0);
      pair.writeUInt32BE(forgetAt, 8);
      return pair;
    });
    parts.push(count(pairs.length), ...pairs.sort(Buffer.compare));
  }
  const rules = entries.filter(({ kind }) => kind > 3).map(record);
  return Buffer.concat([...parts, count(rules.length), ...rules]);
}

/** The file around it. */
export function snapshotFile(head, body) {
  return Buffer.concat([Buffer.from('SYMREVO1'), count(head.length), Buffer.from(head), body]);
}

function count(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}
