/** What an entry is about, by its number on the wire: ids (below 16), and rules. */
export const KINDS = /** @type {const} */ ({ jti: 1, sid: 2, rh: 3, client: 16, api: 17, key: 18, all: 19 });

/** The kinds that a snapshot has pairs of, in its order. */
export const ID_KINDS = /** @type {const} */ ([KINDS.jti, KINDS.sid, KINDS.rh]);

const KNOWN = new Set(/** @type {number[]} */ (Object.values(KINDS)));

/** The first number of a rule. */
const FIRST_RULE = 16;

/** @param {number} kind */
export const isKnown = (kind) => KNOWN.has(kind);

/** @param {number} kind */
export const isRule = (kind) => kind >= FIRST_RULE;
