/**
 * A WebSocket with the SDK's tokens: shows one in its first message, shows the next on the open connection when the SDK
 * has renewed, and comes back after a cut. For APIs behind one of the guards.
 *
 * Where the tokens are cookies (`storage: 'cookie'`), the handshake carries the cookie and the token of the page, and
 * there is nothing to show later: when the access token ends the guard closes, and it comes back with the next one.
 *
 *     const socket = openSocket(auth, 'wss://api.example.com/live');
 *     socket.addEventListener('message', ({ data }) => show(JSON.parse(data)));
 *     socket.addEventListener('close', ({ detail }) => detail.error && tell(detail.error.code));
 *
 * Events: `open`, each time it is known who is here; `message`; `close`, once, with `detail.error` if it was not
 * `close()`: `unauthorized`, `insufficient_scope`, `login_required`, `config`.
 */

import { AuthError } from './errors.js';
import { base64url } from './pkce.js';

/** @typedef {import('./symbolon.js').Auth} Auth */

/** RFC 6455's registry, and the guards'. */
const NORMAL = 1000;
const UNAUTHORIZED = 4401;
const FORBIDDEN = 4403;
/** Before the token at hand is too short-lived for the SDK, which asks for ten seconds. */
const RENEW_BEFORE_SECS = 8;
const LONGEST_MS = 2 ** 31 - 1;
/** Waits after a cut: doubled each time, up to a bound, and less by chance, lest all pages come back at once. */
const RETRY_MS = [1_000, 30_000];
/** What goes with a cookie, here as a subprotocol, for a page can set no header. */
const HEADER = 'X-CSRF-Token';
const BEARER = 'symbolon.bearer';
const CSRF = 'symbolon.csrf';

/**
 * Opens a WebSocket of an API that is in `apis` of `auth`.
 * @param {Auth} auth
 * @param {string | URL} url `wss:`, or `ws:` on this machine
 * @param {{ protocols?: string[], WebSocket?: typeof WebSocket }} [options] the API's own subprotocols; another
 *   implementation, for tests
 */
export const openSocket = (auth, url, options) => new AuthSocket(auth, url, options);

/** Made by openSocket(). */
export class AuthSocket extends EventTarget {
  #auth;
  #url;
  #options;
  #off;
  /** @type {WebSocket | undefined} */
  #socket;
  /** What the guard said to the token that was shown last. @type {((answer: any) => void) | undefined} */
  #heard;
  /** The server knows who is here. */
  #open = false;
  #ended = false;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** One token after another. */
  #turn = Promise.resolve();

  /**
   * @param {Auth} auth
   * @param {string | URL} url
   * @param {{ protocols?: string[], WebSocket?: typeof WebSocket }} options
   */
  constructor(auth, url, options = {}) {
    super();
    this.#auth = auth;
    this.#url = new URL(url);
    if (!/^wss?:$/.test(this.#url.protocol)) throw new AuthError('config', `${url} is not wss:`);
    this.#options = options;
    this.#off = [
      auth.on('renewed', () => this.#show()),
      auth.on('signed-out', () => this.#end(new AuthError('login_required'))),
    ];
    this.#connect();
  }

  /** Whether the connection is open, and known to be this person's. */
  get isOpen() {
    return this.#open;
  }

  /**
   * Sends text or bytes.
   * @param {string | ArrayBufferLike | ArrayBufferView | Blob} data
   * @returns {boolean} whether it was handed over: nothing is kept for a connection that is not open
   */
  send(data) {
    if (this.#open) this.#socket?.send(/** @type {any} */ (data));
    return this.#open;
  }

  /** Ends it. */
  close() {
    this.#end(null);
  }

  /** Opens a connection. In cookie mode its handshake shows what there is to show. */
  #connect() {
    const again = () => this.#connect();
    this.#ask(again, async ({ headers }, inCookie) => {
      const { protocols = [], WebSocket: Implementation = WebSocket } = this.#options;
      const page = new TextEncoder().encode(headers.get(HEADER) ?? '');
      const more = inCookie ? [BEARER, `${CSRF}.${base64url(page)}`] : [];
      const socket = new Implementation(this.#url, [...protocols, ...more]);
      this.#socket = socket;
      if (inCookie) this.#heard = ({ type, expires_in }) => type === 'authenticated' && this.#authenticated(expires_in);
      socket.addEventListener('open', () => inCookie || this.#show());
      socket.addEventListener('message', ({ data }) => this.#read(data));
      socket.addEventListener('close', ({ code, reason }) => this.#socket === socket && this.#closed(code, reason));
      return done();
    });
  }

  /** Shows the SDK's token, and a proof if it is bound to a key. */
  #show() {
    const again = () => this.#show();
    this.#ask(again, async ({ headers }, inCookie) => {
      const socket = this.#socket;
      if (inCookie || socket?.readyState !== 1) return done();
      const [, token] = headers.get('Authorization')?.split(' ') ?? [];
      const answer = new Promise((resolve) => (this.#heard = resolve));
      socket.send(JSON.stringify({ type: 'authenticate', token, dpop: headers.get('DPoP') ?? undefined }));
      // Put as an API would put it.
      const { type, nonce, expires_in: expiresIn } = await answer;
      if (type === 'authenticated') {
        this.#authenticated(expiresIn);
      } else if (nonce) {
        const wants = { 'DPoP-Nonce': nonce, 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' };
        return new Response(null, { status: 401, headers: wants });
      } else if (type === 'refused') {
        this.#after(RETRY_MS[0], again);
      }
      return done();
    });
  }

  /**
   * Has the SDK make a request to this address, as it knows how; it goes over the connection instead.
   * @param {() => void} again where the issuer cannot be asked just now
   * @param {import('./server.js').Send} send
   */
  #ask(again, send) {
    this.#turn = this.#turn.then(async () => {
      if (this.#ended) return;
      try {
        const address = new URL(this.#url);
        address.protocol = this.#url.protocol.replace('ws', 'http');
        /** @type {import('./server.js').Send} */
        const known = async (request, inCookie) => {
          if (this.#ended) return done();
          if (inCookie || request.headers.has('Authorization')) return send(request, inCookie);
          if (this.#auth.user) throw new AuthError('config', `${address} is not in apis`);
          throw new AuthError('login_required');
        };
        await this.#auth.fetch(address, { headers: { [HEADER]: '' }, stepUp: 'manual', send: known });
      } catch (thrown) {
        const error = thrown instanceof AuthError || /** @type {any} */ (thrown)?.code ? thrown : undefined;
        // A connection that is open goes on as long as its token does.
        if (/** @type {any} */ (error)?.code === 'network') this.#after(RETRY_MS[0], again);
        else this.#end(error ?? new AuthError('server'));
      }
    });
  }

  /** @param {number} expiresIn */
  #authenticated(expiresIn) {
    const isNew = !this.#open;
    this.#open = true;
    this.#failures = 0;
    this.#after(Math.max(expiresIn - RENEW_BEFORE_SECS, 1) * 1000, () => this.#show());
    if (isNew) this.dispatchEvent(new Event('open'));
  }

  /** @param {unknown} data */
  #read(data) {
    const answer = this.#heard && typeof data === 'string' ? answerIn(data) : undefined;
    if (!answer) return void this.dispatchEvent(new MessageEvent('message', { data }));
    this.#heard?.(answer);
    this.#heard = undefined;
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    const was = this.#open;
    this.#open = false;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#heard?.({ type: 'closed' });
    this.#heard = undefined;
    if (this.#ended) return;
    if (code === FORBIDDEN) return this.#end(new AuthError('insufficient_scope', reason));
    // A page that slept comes back with another token. Refused with a fresh one, there is nothing to try.
    const slept = was && reason === 'token_expired';
    if (code === UNAUTHORIZED && !slept) return this.#end(new AuthError('unauthorized', reason));
    if (code === NORMAL) return this.#end(null);
    const [least, most] = RETRY_MS;
    const wait = Math.min(least * 2 ** this.#failures++, most);
    this.#after(wait * (1 - Math.random() / 2), () => this.#connect());
  }

  /** @param {unknown} error why, if it was not asked for */
  #end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#open = false;
    for (const off of this.#off) off();
    clearTimeout(this.#timer);
    this.#heard?.({ type: 'closed' });
    this.#socket?.close(NORMAL);
    this.dispatchEvent(new CustomEvent('close', { detail: { error } }));
  }

  /** @param {number} ms @param {() => void} run */
  #after(ms, run) {
    clearTimeout(this.#timer);
    if (!this.#ended) this.#timer = setTimeout(run, Math.min(ms, LONGEST_MS));
  }
}

/** Nothing more is to be done. */
const done = () => new Response(null, { status: 204 });

/** The guard's answer to a token, if this is one. @param {string} text */
function answerIn(text) {
  try {
    const answer = JSON.parse(text);
    return answer?.type === 'authenticated' || answer?.type === 'refused' ? answer : undefined;
  } catch {
    return undefined;
  }
}
