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
export function verifySnapshot(heads: import("./signed.js").Heads, bytes: Buffer): Promise<Snapshot>;
/**
 * Adds a snapshot to what is there, in steps between which requests are answered. It never takes the place of what is there.
 * @param {import('./revoked.js').Revoked} revoked
 * @param {Snapshot} snapshot
 * @param {number} now
 * @param {AbortSignal} signal
 */
export function addSnapshot(revoked: import("./revoked.js").Revoked, { ids, rules }: Snapshot, now: number, signal: AbortSignal): Promise<void>;
export const MEDIA_TYPE: "application/vnd.symbolon.revocations";
/** The longest snapshot: some twenty million ids. */
export const MAX_SNAPSHOT_BYTES: number;
export type Snapshot = {
    iat: number;
    epoch: string;
    seq: number;
    /**
     * pairs, by kind
     */
    ids: Buffer[];
    rules: Buffer;
};
