/**
 * Tells whoever wants to know; what goes wrong there is not the request's fault.
 * @param {((rejection: Rejection, request?: import('node:http').IncomingMessage) => void) | undefined} onReject
 * @param {Rejection} rejection
 * @param {import('node:http').IncomingMessage} [request]
 */
export function tell(onReject: ((rejection: Rejection, request?: import("node:http").IncomingMessage) => void) | undefined, rejection: Rejection, request?: import("node:http").IncomingMessage): void;
/**
 * @typedef {object} Parts
 * @property {import('./clock.js').Clock} clock
 * @property {import('./jwks/cache.js').KeyCache} keys
 * @property {import('./verify.js').Verifier} verifier
 * @property {import('./seen.js').Seen} seen
 * @property {import('./revocation/revocation.js').Revocation} revocation
 * @property {import('./introspect.js').Introspector} [introspector] for tokens while the feed is cut
 */
export class Judge {
    /** @param {Parts} parts */
    constructor(parts: Parts);
    /**
     * Judges a token that was seen before, without waiting. None: {@link Judge.verify} has to be asked.
     * @param {string} token
     * @returns {Proven | undefined}
     */
    look(token: string): Proven | undefined;
    /**
     * Judges a token, and waits for what it takes.
     * @param {string} token
     * @returns {Promise<Proven>}
     */
    verify(token: string): Promise<Proven>;
    /**
     * How a token stands that was judged good before, as far as that can be told at once.
     * @param {Proven} proven
     * @returns {'good' | 'unknown' | 'gone'}
     */
    standing(proven: Proven): "good" | "unknown" | "gone";
    /**
     * Whether what a signed URL stands for was revoked. None: it counts; a promise: it does once that is fulfilled.
     * @param {import('./revocation/revoked.js').TokenIds} ids
     * @returns {Promise<void> | undefined}
     */
    weigh(ids: import("./revocation/revoked.js").TokenIds): Promise<void> | undefined;
    #private;
}
export type Proven = import("./verify.js").Proven;
export type Parts = {
    clock: import("./clock.js").Clock;
    keys: import("./jwks/cache.js").KeyCache;
    verifier: import("./verify.js").Verifier;
    seen: import("./seen.js").Seen;
    revocation: import("./revocation/revocation.js").Revocation;
    /**
     * for tokens while the feed is cut
     */
    introspector?: import("./introspect.js").Introspector | undefined;
};
import { Rejection } from './errors.js';
