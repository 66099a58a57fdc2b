/**
 * What holds for requests now. `wait`: for the first snapshot. `stale`: `whenStale` decides, and it does not say `accept`.
 * @typedef {'open' | 'wait' | 'stale'} Gate
 */
/**
 * @typedef {object} Policy
 * @property {'auto' | 'off' | 'required'} revocation
 * @property {number} maxStaleness seconds
 * @property {'accept' | 'introspect' | 'refuse'} whenStale
 */
/** @typedef {Omit<import('./follower.js').Wiring, 'heads' | 'revoked' | 'silenceMs' | 'changed'> & { issuer: string }} Surroundings */
export class Revocation {
    /**
     * @param {Policy} policy
     * @param {Surroundings} surroundings
     */
    constructor(policy: Policy, { issuer, ...surroundings }: Surroundings);
    revoked: Revoked;
    /** @type {Gate} */
    gate: Gate;
    /** Is called when something may have been revoked. */
    onNews: () => void;
    /** Begins to follow, the first time it is called; settled when requests need not wait any longer. */
    start(): Promise<void>;
    /**
     * Settled when there is a first snapshot; fails if there was none to be had. For whoever wants to know before requests
     * come.
     */
    ready(): Promise<void>;
    /** Lets go of the feed. What is known stays. */
    close(): void;
    /**
     * Looks at how old our knowledge is, once a second and whenever something came.
     * @param {number} now
     */
    tend(now: number): void;
    /** @param {number} now */
    status(now: number): {
        following: boolean;
        epoch: string | null;
        seq: number | null;
        setSize: number;
        setBytes: number;
        unknownEntries: number;
        stalenessSeconds: number | null;
        lagSeconds: number | null;
        lastError: string | null;
    };
    #private;
}
/**
 * What holds for requests now. `wait`: for the first snapshot. `stale`: `whenStale` decides, and it does not say `accept`.
 */
export type Gate = "open" | "wait" | "stale";
export type Policy = {
    revocation: "auto" | "off" | "required";
    /**
     * seconds
     */
    maxStaleness: number;
    whenStale: "accept" | "introspect" | "refuse";
};
export type Surroundings = Omit<import("./follower.js").Wiring, "heads" | "revoked" | "silenceMs" | "changed"> & {
    issuer: string;
};
import { Revoked } from './revoked.js';
