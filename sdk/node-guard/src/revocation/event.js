/** An event of the stream: new entries and the head of the log, signed. */

import { FeedError } from '../errors.js';
import { RECORD_BYTES } from './revoked.js';
import { decoded, isNumber } from './signed.js';

const TYPE = 'symbolon-revocations+jwt';
/** Most entries in one event. */
const MAX_ENTRIES = 65_536;
/** The longest event, in characters: so many entries twice in base64url, the other claims, and the longest signature. */
export const MAX_EVENT_LENGTH = 2 * 1024 * 1024;

/**
 * @typedef {object} Event
 * @property {number} iat the second in which the store confirmed the head
 * @property {string} epoch the log
 * @property {number} after the number before the first entry
 * @property {number} seq the number of the last
 * @property {Buffer} entries in the order of their numbers
 */

/**
 * Verifies an event. That it follows on what is known is for the follower to see.
 * @param {import('./signed.js').Heads} heads
 * @param {string} jws
 * @returns {Promise<Event>}
 */
export async function verifyEvent(heads, jws) {
  const { iat, epoch, seq, claims } = await heads.verify(jws, TYPE, MAX_EVENT_LENGTH);
  const { after } = claims;
  const entries = 'entries' in claims ? decoded(claims.entries) : Buffer.alloc(0);
  if (!isNumber(after)) throw new FeedError('an event has malformed claims');
  // Entries are numbered without holes, those of unknown kinds, too.
  if (entries.length % RECORD_BYTES !== 0 || entries.length / RECORD_BYTES !== seq - after || seq - after > MAX_ENTRIES)
    throw new FeedError('an event has not as many entries as its numbers say');
  return { iat, epoch, after, seq, entries };
}
