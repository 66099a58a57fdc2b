/**
 * Signed URLs, for what a browser fetches by itself (`<img>`, `<video>`, a download): one resource, one method, seconds of life, and no
 * token in it. The same as those of the guard for Rust.
 *
 * A URL ends with a compact JWS of type `url+jwt` under HS256 and the API's own secret, in the parameter `symbolon_signature`. It says
 * whose URL it is, until when, and for what: the method, and the hash of path and query byte by byte. It names what the token
 * was that asked for it, so that the URL is refused with that token.
 */

import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { callerOf } from './caller.js';
import { Rejection } from './errors.js';
import { fingerprint } from './revocation/fingerprint.js';

/** @typedef {import('./caller.js').Caller} Caller */
/** @typedef {import('./guard.js').Request} Request */

/**
 * @typedef {object} UrlOptions
 * @property {'GET' | 'HEAD'} [method] GET
 * @property {number} [lifetime] seconds: 60, at most 300, and never longer than the caller's token
 * @property {boolean} [once] to be used once: at each process, which remembers for itself
 */

/** @typedef {{ caller: Caller, ids: import('./revocation/revoked.js').TokenIds, once: string | undefined, expires: number }} Presented */

const PARAMETER = 'symbolon_signature';
const HEADER = Buffer.from('{"alg":"HS256","typ":"url+jwt"}').toString('base64url');
const MAX_LIFETIME_SECS = 300;
const MAX_USED = 65_536;
const MAX_SIGNATURE_LENGTH = 8 * 1024;

/** By which key a caller's token was signed. @type {WeakMap<object, import('./revocation/fingerprint.js').Fingerprint>} */
const keys = new WeakMap();

/**
 * Remembers which key signed the token of a caller, so that a URL is refused with that key.
 * @param {Caller} caller
 * @param {import('./revocation/fingerprint.js').Fingerprint | undefined} key
 */
export const signedBy = (caller, key) => void keys.set(caller, key ?? fingerprint('key', ''));

/** @param {string} text */
const hash = (text) => createHash('sha256').update(text).digest('base64url');

export class SignedUrls {
  #secret;
  #audience;
  #clock;
  #api;
  /** Used signatures, and until when; in the order of their use. @type {Map<string, number>} */
  #used = new Map();

  /**
   * @param {Uint8Array} secret
   * @param {string} audience
   * @param {import('./clock.js').Clock} clock
   */
  constructor(secret, audience, clock) {
    this.#secret = secret;
    this.#audience = audience;
    this.#clock = clock;
    this.#api = fingerprint('api', audience);
  }

  /**
   * Path and query with the signature behind.
   * @param {Caller} caller
   * @param {string} target
   * @param {UrlOptions} options
   */
  sign(caller, target, { method = 'GET', lifetime = 60, once = false }) {
    const key = keys.get(caller);
    if (!key) throw new TypeError('URLs are signed for a caller whom a guard has judged');
    if (method !== 'GET' && method !== 'HEAD') throw new TypeError('URLs are signed for GET or HEAD');
    if (!isAsSent(target)) throw new TypeError('not a path with a query as browsers send it, or it is signed already');
    if (!Number.isSafeInteger(lifetime) || lifetime < 1 || lifetime > MAX_LIFETIME_SECS)
      throw new TypeError(`a signed URL lives between 1 and ${MAX_LIFETIME_SECS} seconds`);
    const now = this.#clock.now();
    const exp = Math.min(now + lifetime, Math.floor(caller.exp));
    if (exp <= now) throw new TypeError("the caller's token has expired");
    const { sub, client_id, jti, sid, rh, iat } = caller.claims;
    const claims = {
      iss: this.#audience, aud: this.#audience, sub, exp, htm: method, target: hash(target), client_id, jti, sid, rh,
      token_iat: iat === undefined ? undefined : Math.floor(iat),
      token_key: [key.hi, key.lo].map((half) => half.toString(16).padStart(8, '0')).join(''),
      once: once ? randomBytes(16).toString('hex') : undefined,
    };
    const input = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${target}${target.includes('?') ? '&' : '?'}${PARAMETER}=${input}.${this.#mac(input)}`;
  }

  /**
   * Judges a signed URL by itself; none, if this is not one. What was revoked is still to be asked.
   * @param {Request} request
   * @returns {Presented | undefined}
   */
  presented(request) {
    const { originalUrl, url = '' } = /** @type {{ originalUrl?: string, url?: string }} */ (request);
    const parted = parts(originalUrl ?? url);
    if (!parted) return undefined;
    if (request.headers.authorization !== undefined) throw new Rejection('two_tokens');
    const claims = this.#authentic(parted.signature);
    const { iss, aud, sub, exp, htm, target, client_id, jti, sid, rh, token_iat: iat, token_key, once } = claims;
    if (iss !== this.#audience || aud !== this.#audience) throw new Rejection('other_audience');
    if (!(exp > this.#clock.now())) throw new Rejection('expired');
    if (htm !== request.method || target !== hash(parted.target)) throw new Rejection('other_url');
    /** @type {(kind: string, id: string | undefined) => import('./revocation/fingerprint.js').Fingerprint | undefined} */
    const print = (kind, id) => (id === undefined ? undefined : fingerprint(kind, id));
    const key = { hi: Number.parseInt(token_key.slice(0, 8), 16), lo: Number.parseInt(token_key.slice(8), 16) };
    const caller = callerOf({ iss, aud, sub, exp, client_id, jti, sid, rh, iat });
    signedBy(caller, key);
    return {
      caller,
      expires: exp,
      once: once === undefined ? undefined : hash(parted.signature),
      ids: {
        jti: print('jti', jti), sid: print('sid', sid), rh: print('rh', rh), client: print('client', client_id),
        api: this.#api, key, iat,
      },
    };
  }

  /**
   * Uses a URL up, if it is for a single use. After everything else was found good.
   * @param {Presented} presented
   */
  useUp({ once, expires }) {
    if (once === undefined) return;
    const now = this.#clock.now();
    for (const [old, end] of this.#used) {
      if (end > now) break;
      this.#used.delete(old);
    }
    if (this.#used.has(once)) throw new Rejection('used_url');
    this.#used.set(once, expires);
    for (const [oldest] of this.#used) {
      if (this.#used.size <= MAX_USED) break;
      this.#used.delete(oldest);
    }
  }

  /** @param {string} input */
  #mac(input) {
    return createHmac('sha256', this.#secret).update(input).digest('base64url');
  }

  /** What a signature says, once it is ours. @param {string} signature */
  #authentic(signature) {
    const [header, payload, mac, ...more] = signature.split('.');
    if (signature.length > MAX_SIGNATURE_LENGTH || mac === undefined || more.length > 0) throw new Rejection('malformed_token');
    const [shown, expected] = [Buffer.from(mac), Buffer.from(this.#mac(`${header}.${payload}`))];
    if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) throw new Rejection('bad_signature');
    // From here on it is what somebody with the secret has written.
    const { alg, typ } = JSON.parse(Buffer.from(header, 'base64url').toString());
    if (alg !== 'HS256' || typ !== 'url+jwt') throw new Rejection('other_type');
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  }
}

/**
 * Whether a browser that is given this target asks for exactly that.
 * @param {unknown} target
 */
function isAsSent(target) {
  const base = 'https://api.invalid';
  if (typeof target !== 'string' || !target.startsWith('/') || !URL.canParse(target, base)) return false;
  const { origin, pathname, search, hash } = new URL(target, base);
  // The parser drops a question mark with nothing behind it.
  const isSame = pathname + search === target || `${pathname}?` === target;
  return origin === base && hash === '' && isSame && parameters(target).every((pair) => !pair.startsWith(PARAMETER));
}

/** @param {string} target */
const parameters = (target) => (target.includes('?') ? target.slice(target.indexOf('?') + 1).split('&') : []);

/**
 * Target and signature of a signed URL. The signature stands once, and at the end.
 * @param {string} whole path and query
 */
function parts(whole) {
  const pairs = parameters(whole);
  const isSignature = (/** @type {string} */ pair) => pair.split('=')[0] === PARAMETER;
  const found = pairs.filter(isSignature);
  if (found.length === 0) return undefined;
  const last = pairs[pairs.length - 1];
  if (found.length > 1 || !isSignature(last)) throw new Rejection('two_tokens');
  return { target: whole.slice(0, whole.length - last.length - 1), signature: last.slice(PARAMETER.length + 1) };
}
