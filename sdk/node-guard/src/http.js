/**
 * Asking the issuer: no redirects, bounded in size and time.
 *
 * Not by the built-in `fetch`, whose connections keep a process alive as long as a stream is open; `fetch` may be given as
 * an option, and is used the same way.
 */

import http from 'node:http';
import https from 'node:https';
import { FeedError } from './errors.js';

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
export const MAX_DOCUMENT_BYTES = 256 * 1024;
/** How long the issuer may take for a document, and to begin with any other answer. */
export const TIMEOUT_MS = 5_000;

/** @type {Fetch} */
export function nodeFetch(url, { method = 'GET', headers, body, signal, background = false }) {
  return new Promise((done, failed) => {
    const { request } = url.startsWith('https:') ? https : http;
    // A stream takes a connection for itself.
    const asking = request(url, { method, headers, signal, ...(background ? { agent: false } : {}) });
    if (background) asking.on('socket', (socket) => socket.unref());
    asking.on('error', failed);
    asking.on('response', (response) => {
      const reply = new Headers();
      for (const [name, value] of Object.entries(response.headersDistinct)) reply.set(name, (value ?? []).join(', '));
      done({ status: response.statusCode ?? 0, headers: reply, body: response });
    });
    asking.end(body);
  });
}

/**
 * One exchange; an answer with another status than 200 is an error.
 * @param {Fetch} fetch
 * @param {string} what for the message
 * @param {URL} url
 * @param {Ask} ask
 */
export async function exchange(fetch, what, url, ask) {
  /** @type {Reply} */
  let reply;
  try {
    reply = await fetch(url.href, { redirect: 'error', ...ask });
  } catch (error) {
    throw failure(what, error, ask.signal);
  }
  if (reply.status === 200) return reply;
  discard(reply);
  const retryAfterSecs = Number.parseInt(reply.headers.get('retry-after') ?? '', 10) || 0;
  throw new FeedError(`${what}: the answer has status ${reply.status}`, {
    retryAfterSecs: Math.min(Math.max(retryAfterSecs, 0), 60),
    status: reply.status,
  });
}

/**
 * Reads an answer to its end, which must come in time.
 * @param {string} what for the message
 * @param {Reply} reply
 * @param {{ max: number, signal?: AbortSignal, each?: () => void }} bounds `each` is called for each piece
 */
export async function read(what, reply, { max, signal, each }) {
  const declared = Number(reply.headers.get('content-length') ?? 0);
  const pieces = [];
  let length = 0;
  try {
    if (declared > max) throw new FeedError(`${what}: the answer is longer than ${max} bytes`);
    for await (const piece of reply.body ?? []) {
      length += piece.length;
      if (length > max) throw new FeedError(`${what}: the answer is longer than ${max} bytes`);
      pieces.push(piece);
      each?.();
    }
  } catch (error) {
    discard(reply);
    throw failure(what, error, signal);
  }
  return Buffer.concat(pieces, length);
}

/**
 * An answer that is not read to its end.
 * @param {Reply} reply
 */
export function discard({ body }) {
  /** @type {any} */
  const open = body;
  // A web stream is cancelled, a stream of Node destroyed. Neither may still complain.
  if (typeof open?.cancel === 'function') Promise.resolve(open.cancel()).catch(() => {});
  else open?.destroy?.();
}

/**
 * A failure in words.
 * @param {string} what
 * @param {any} error
 * @param {AbortSignal} [signal]
 */
export function failure(what, error, signal) {
  if (error instanceof FeedError) return error;
  // An aborted exchange fails with words of its own; the reason is the signal's.
  if (signal?.aborted && signal.reason instanceof FeedError) return signal.reason;
  const cause = error?.cause ?? error;
  return new FeedError(`${what}: ${cause?.code ?? cause?.message ?? 'failed'}`);
}

/**
 * RFC 9111 §5.2.2: seconds an answer may be kept; 0 for `no-store` and `no-cache`.
 * @param {string | null} header
 */
export function maxAge(header) {
  /** @type {number | undefined} */
  let age;
  for (const directive of (header ?? '').split(',').map((one) => one.trim().toLowerCase())) {
    if (directive === 'no-store' || directive === 'no-cache') return 0;
    const seconds = /^max-age="?(\d{1,10})"?$/.exec(directive);
    if (seconds) age = Number(seconds[1]);
  }
  return age;
}

/**
 * HTTP Basic with the encoding that OAuth wants (RFC 6749 §2.3.1).
 * @param {{ id: string, secret: string } | undefined} credentials
 * @returns {Record<string, string>}
 */
export function basic(credentials) {
  if (!credentials) return {};
  const encoded = [credentials.id, credentials.secret].map((text) => new URLSearchParams([['', text]]).toString().slice(1));
  return { authorization: `Basic ${Buffer.from(encoded.join(':')).toString('base64')}` };
}
