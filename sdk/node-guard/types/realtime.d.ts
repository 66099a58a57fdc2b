/**
 * Which rejection is due to a caller who lacks something.
 * @param {Needs} needs
 * @returns {Lacks}
 */
export function lacking({ scope, role }: Needs): Lacks;
/**
 * The verdict on a token that was shown in a message, with a proof if it is bound to a key. The proof is for the address at which the
 * connection was opened, and for GET.
 * @param {Core} core
 * @param {Lacks} lacks
 * @param {Request} request that opened the connection
 * @param {{ token: unknown, dpop?: unknown }} shown
 * @param {'header' | 'cookie'} [from] where it stood, if it came with the request and without a proof
 */
export function judged(core: Core, lacks: Lacks, request: Request, { token, dpop }: {
    token: unknown;
    dpop?: unknown;
}, from?: "header" | "cookie"): Promise<{
    token: string;
    proven: import("./verify.js").Proven;
}>;
/** @typedef {import('./verify.js').Proven} Proven */
/** @typedef {import('./caller.js').Caller} Caller */
/** @typedef {import('./guard.js').Request} Request */
/** @typedef {(caller: Caller) => Rejection | undefined} Lacks */
/**
 * What a connection needs of its caller.
 * @typedef {object} Needs
 * @property {string} [scope]
 * @property {string} [role]
 */
/**
 * What the guard lends to its connections.
 * @typedef {object} Core
 * @property {import('./clock.js').Clock} clock
 * @property {import('./open.js').Open} open
 * @property {(token: string) => Promise<Proven>} judge
 * @property {(proven: Proven, found: import('./extract.js').Found, request: Request) => Promise<void> | undefined} admit
 * @property {(request: Request) => import('./extract.js').Found | undefined} find
 * @property {(rejection: Rejection, request?: Request) => void} note
 * @property {() => string | undefined} nextNonce
 */
/** The longest token message, and the most that is read before there was one. */
export const MAX_BYTES: number;
export type Proven = import("./verify.js").Proven;
export type Caller = import("./caller.js").Caller;
export type Request = import("./guard.js").Request;
export type Lacks = (caller: Caller) => Rejection | undefined;
/**
 * What a connection needs of its caller.
 */
export type Needs = {
    scope?: string | undefined;
    role?: string | undefined;
};
/**
 * What the guard lends to its connections.
 */
export type Core = {
    clock: import("./clock.js").Clock;
    open: import("./open.js").Open;
    judge: (token: string) => Promise<Proven>;
    admit: (proven: Proven, found: import("./extract.js").Found, request: Request) => Promise<void> | undefined;
    find: (request: Request) => import("./extract.js").Found | undefined;
    note: (rejection: Rejection, request?: Request) => void;
    nextNonce: () => string | undefined;
};
import { Rejection } from './errors.js';
