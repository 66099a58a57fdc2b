/**
 * RFC 9449 §4.3: without query and fragment, normalized as RFC 3986 §6.2.2 and §6.2.3 say.
 * @param {string} htu
 * @param {string} uri
 */
export function isSameUri(htu: string, uri: string): boolean;
/** @typedef {import('node:http').IncomingMessage} Request */
/**
 * @typedef {object} DpopOptions
 * @property {string} publicUrl under which clients know this API, `https://api.example.com`, or `https://example.com/api` where
 *   a proxy takes away the beginning of the path. What a request says of it itself (`Host`) is no proof
 * @property {boolean} [required] takes no tokens but bound ones
 * @property {boolean | Uint8Array} [nonces] wants a nonce in every proof, so that none can have been made in advance; 32 random
 *   bytes that all nodes of the API share, or true for a secret of this process alone
 * @property {number} [remember] how many used proofs: 262144. Where there is no room the oldest are let go
 */
/** What a proof may be signed with: every signature but the post-quantum ones. */
export const PROOF_ALGORITHMS: string[];
/** What takes bound tokens for one guard. */
export class Proofs {
    /**
     * @param {DpopOptions} options checked
     * @param {import('./clock.js').Clock} clock
     */
    constructor({ publicUrl, required, nonces, remember }: DpopOptions, clock: import("./clock.js").Clock);
    /** How many proofs had to be let go before their time. */
    forgotten: number;
    required: boolean;
    /** How many used proofs are remembered. */
    get size(): number;
    /** The nonce to use next, if there are any. */
    nextNonce(): string | undefined;
    /**
     * Whether the request proves to hold the key that its token is bound to: it does once this is fulfilled.
     * @param {string} jkt
     * @param {string} token
     * @param {Request} request
     */
    prove(jkt: string, token: string, request: Request): Promise<void>;
    #private;
}
export type ProofClaims = {
    jti: string;
    htm: string;
    htu: string;
    iat: number;
    ath?: unknown;
    nonce?: unknown;
};
export type Request = import("node:http").IncomingMessage;
export type DpopOptions = {
    /**
     * under which clients know this API, `https://api.example.com`, or `https://example.com/api` where
     * a proxy takes away the beginning of the path. What a request says of it itself (`Host`) is no proof
     */
    publicUrl: string;
    /**
     * takes no tokens but bound ones
     */
    required?: boolean | undefined;
    /**
     * wants a nonce in every proof, so that none can have been made in advance; 32 random
     * bytes that all nodes of the API share, or true for a secret of this process alone
     */
    nonces?: boolean | Uint8Array<ArrayBufferLike> | undefined;
    /**
     * how many used proofs: 262144. Where there is no room the oldest are let go
     */
    remember?: number | undefined;
};
