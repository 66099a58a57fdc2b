/**
 * Revoked ids in memory: 12 bytes each (fingerprint, second to forget it at) in tables that are searched from the place the
 * fingerprint names (open addressing, linear).
 *
 * 256 tables, so that growing and forgetting touch a 256th at a time and no request waits long for either. A table grows by
 * half when it is four fifths full: between 15 and 23 bytes for each id, once there are some thousand.
 */

const SHARDS = 256;
/** The words of an id: the halves of the fingerprint, the second to forget it at. A second of 0 is a free place. */
const WORDS = 3;
const LEAST = 16;
const FULL = 0.8;
const GROWTH = 1.5;
/** How many places for each id in a table that was swept. */
const SPARE = 1.5;
/** The same where it is known how many ids will come. */
const EXPECTED_SPARE = 1.4;
const NEVER = 0xffff_ffff;

/** The set. All numbers are 32 bits without sign. */
export class IdSet {
  /** @type {(Uint32Array | undefined)[]} */
  #tables = new Array(SHARDS);
  #counts = new Uint32Array(SHARDS);
  /** The earliest second to forget something at, by table. */
  #earliest = new Uint32Array(SHARDS).fill(NEVER);
  /** How many ids it holds. */
  size = 0;
  /** A table that has to grow gets so many places at least. */
  #least = LEAST;

  /**
   * So many ids are about to be added: tables that grow do so once.
   * @param {number} count
   */
  expect(count) {
    this.#least = count === 0 ? LEAST : Math.max(LEAST, ((this.size + count) / SHARDS) * EXPECTED_SPARE);
  }

  /**
   * @param {number} hi
   * @param {number} lo
   */
  has(hi, lo) {
    const table = this.#tables[hi >>> 24];
    return table !== undefined && table[place(table, hi, lo) + 2] !== 0;
  }

  /**
   * Adds an id that has not to be forgotten yet; says whether it is new.
   * @param {number} hi
   * @param {number} lo
   * @param {number} forgetAt
   * @param {number} now
   */
  add(hi, lo, forgetAt, now) {
    if (forgetAt <= now) return false;
    const shard = hi >>> 24;
    let table = this.#tables[shard] ?? this.#rebuild(shard, this.#least, now);
    let at = place(table, hi, lo);
    const isNew = table[at + 2] === 0;
    if (isNew && (this.#counts[shard] + 1) * WORDS > table.length * FULL) {
      table = this.#rebuild(shard, Math.max(this.#least, (table.length / WORDS) * GROWTH), now);
      at = place(table, hi, lo);
    }
    if (isNew) {
      this.#counts[shard]++;
      this.size++;
    }
    table[at] = hi;
    table[at + 1] = lo;
    table[at + 2] = Math.max(table[at + 2], forgetAt);
    this.#earliest[shard] = Math.min(this.#earliest[shard], forgetAt);
    return isNew;
  }

  /**
   * Forgets what is due in one of the tables.
   * @param {number} step any number; as many after each other as there are tables look at all of them
   * @param {number} now
   */
  forget(step, now) {
    const shard = step % SHARDS;
    if (this.#earliest[shard] > now) return;
    let kept = 0;
    const table = this.#tables[shard] ?? [];
    for (let at = 2; at < table.length; at += WORDS) if (table[at] > now) kept++;
    this.#rebuild(shard, kept * SPARE, now);
    if (kept === 0) this.#tables[shard] = undefined;
  }

  /** The memory it has taken, in bytes. */
  get bytes() {
    return this.#tables.reduce((sum, table) => sum + (table?.byteLength ?? 0), SHARDS * 16);
  }

  /**
   * Moves what is not due to another table.
   * @param {number} shard
   * @param {number} capacity
   * @param {number} now
   */
  #rebuild(shard, capacity, now) {
    const old = this.#tables[shard] ?? [];
    const table = new Uint32Array(Math.max(LEAST, Math.ceil(capacity)) * WORDS);
    let earliest = NEVER;
    let count = 0;
    for (let from = 0; from < old.length; from += WORDS) {
      const forgetAt = old[from + 2];
      if (forgetAt <= now) continue;
      const at = place(table, old[from], old[from + 1]);
      table[at] = old[from];
      table[at + 1] = old[from + 1];
      table[at + 2] = forgetAt;
      if (forgetAt < earliest) earliest = forgetAt;
      count++;
    }
    this.size += count - this.#counts[shard];
    this.#counts[shard] = count;
    this.#earliest[shard] = earliest;
    this.#tables[shard] = table;
    return table;
  }
}

/**
 * Where an id stands, or would: there is always a free place.
 * @param {Uint32Array} table
 * @param {number} hi
 * @param {number} lo
 */
function place(table, hi, lo) {
  const { length } = table;
  // The upper half has chosen the table, the lower one chooses the place: both are bits of a hash.
  let at = Math.floor((lo / 0x1_0000_0000) * (length / WORDS)) * WORDS;
  while (table[at + 2] !== 0 && (table[at] !== hi || table[at + 1] !== lo)) {
    at += WORDS;
    if (at === length) at = 0;
  }
  return at;
}
