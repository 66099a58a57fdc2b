export function nodeFetch(url: string, ask: Ask): Promise<Reply>;
/**
 * One exchange; an answer with another status than 200 is an error.
 * @param {Fetch} fetch
 * @param {string} what for the message
 * @param {URL} url
 * @param {Ask} ask
 */
export function exchange(fetch: Fetch, what: string, url: URL, ask: Ask): Promise<Reply>;
/**
 * Reads an answer to its end, which must come in time.
 * @param {string} what for the message
 * @param {Reply} reply
 * @param {{ max: number, signal?: AbortSignal, each?: () => void }} bounds `each` is called for each piece
 */
export function read(what: string, reply: Reply, { max, signal, each }: {
    max: number;
    signal?: AbortSignal;
    each?: () => void;
}): Promise<Buffer<ArrayBuffer>>;
/**
 * An answer that is not read to its end.
 * @param {Reply} reply
 */
export function discard({ body }: Reply): void;
/**
 * A failure in words.
 * @param {string} what
 * @param {any} error
 * @param {AbortSignal} [signal]
 */
export function failure(what: string, error: any, signal?: AbortSignal): FeedError;
/**
 * RFC 9111 §5.2.2: seconds an answer may be kept; 0 for `no-store` and `no-cache`.
 * @param {string | null} header
 */
export function maxAge(header: string | null): number | undefined;
/**
 * HTTP Basic with the encoding that OAuth wants (RFC 6749 §2.3.1).
 * @param {{ id: string, secret: string } | undefined} credentials
 * @returns {Record<string, string>}
 */
export function basic(credentials: {
    id: string;
    secret: string;
} | undefined): Record<string, string>;
/** @typedef {import('./clock.js').Clock} Clock */
/**
 * What we need of a `Response`.
 * @typedef {object} Reply
 * @property {number} status
 * @property {{ get(name: string): string | null }} headers
 * @property {AsyncIterable<Uint8Array> | null} body
 */
/**
 * @typedef {object} Ask
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 * @property {AbortSignal} [signal]
 * @property {'error'} [redirect]
 * @property {boolean} [background] the process may end in the middle of it
 */
/** @typedef {(url: string, ask: Ask) => Promise<Reply>} Fetch */
/** The longest document that is read. */
export const MAX_DOCUMENT_BYTES: number;
/** How long the issuer may take for a document, and to begin with any other answer. */
export const TIMEOUT_MS: 5000;
export type Clock = import("./clock.js").Clock;
/**
 * What we need of a `Response`.
 */
export type Reply = {
    status: number;
    headers: {
        get(name: string): string | null;
    };
    body: AsyncIterable<Uint8Array> | null;
};
export type Ask = {
    method?: string | undefined;
    headers?: Record<string, string> | undefined;
    body?: string | undefined;
    signal?: AbortSignal | undefined;
    redirect?: "error" | undefined;
    /**
     * the process may end in the middle of it
     */
    background?: boolean | undefined;
};
export type Fetch = (url: string, ask: Ask) => Promise<Reply>;
import { FeedError } from './errors.js';
