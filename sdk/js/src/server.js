/**
 * Talking to the issuer: discovery (RFC 8414), tokens (RFC 6749 §4.1.3, §6).
 *
 * `network` means no usable answer (offline, CORS, 429, 5xx): nothing is concluded from it, least of all a sign-out.
 */

import { AuthError, oauthCode } from './errors.js';
import { secureUrl } from './urls.js';

/** @typedef {Record<string, any>} Json */
/** @typedef {(request: Request, withCredentials?: true) => Promise<Response>} Send */
/** @typedef {[string, string | number | undefined][]} Params */
/** @typedef {import('./symbolon.js').Env} Env */

/** An answer later than this counts as none. */
const TIMEOUT_MS = 15_000;

/**
 * Does something once. What fails may be tried again.
 * @template T
 * @param {() => Promise<T>} work
 */
export function once(work) {
  /** @type {Promise<T> | undefined} */
  let done;
  return () =>
    (done ??= work().catch((error) => {
      done = undefined;
      throw error;
    }));
}

/** The issuer as one client sees it. */
export class Server {
  /** Seconds the server's clock is ahead of ours, measured from its Date header. */
  skew = 0;
  /** @type {import('./storage/dpop.js').Key | undefined} that the tokens of this sign-in are bound to */
  key;
  /** @type {ReturnType<typeof import('./storage/dpop.js').prover> | undefined} */
  prover;
  /** @type {Send} what token requests are sent by */
  sendToken;
  /** Whether it may be asked from a window of its own: yes, until discovery says no. */
  windows = true;
  /**
   * Who the person is, where the page has no token to ask userinfo by. `in turn`: while no other tab renews or signs
   * in, for whoever has not seen to that.
   * @type {((how?: 'in turn') => Promise<Json>) | undefined}
   */
  profile;

  /**
   * @param {Env} env
   * @param {string} issuer
   * @param {string} clientId
   */
  constructor(env, issuer, clientId) {
    this.env = env;
    this.issuer = issuer;
    /** Under which its addresses are. */
    this.base = issuer.replace(/\/$/, '');
    this.clientId = clientId;
    this.sendToken = this.fetch;
  }

  /** Seconds since the epoch by the server's clock. */
  get now() {
    return this.env.Date.now() / 1000 + this.skew;
  }

  /** The discovery document, loaded once; a failed load is tried again next time. */
  metadata = once(() => this.#discover());

  async #discover() {
    const { response, json } = await this.send(`${this.base}/.well-known/openid-configuration`);
    if (!response.ok || json.issuer !== this.issuer) throw new AuthError('config', 'wrong issuer');
    for (const name in json) if (name.endsWith('_endpoint')) secureUrl(json[name], name);
    this.windows = !!json.response_modes_supported?.includes('web_message');
    return json;
  }

  /**
   * A token request. An OAuth error is thrown under its own code.
   * @param {Params} params
   */
  async token(params) {
    const { token_endpoint } = await this.metadata();
    const init = { method: 'POST', body: this.form(params) };
    const { response, json } = await this.send(token_endpoint, init, (request) => this.#prove(request, this.sendToken));
    if (!response.ok) throw new AuthError(oauthCode(json.error));
    const good = json.token_type?.toLowerCase() === (this.key ? 'dpop' : 'bearer') && json.access_token;
    if (!good || !(json.expires_in > 0))
      throw new AuthError('server', 'malformed');
    return json;
  }

  /**
   * Sends a request with an access token.
   * @param {Request} request
   * @param {string} token
   * @param {Send} [send]
   */
  authorized(request, token, send = this.fetch) {
    request.headers.set('Authorization', `${this.key ? 'DPoP' : 'Bearer'} ${token}`);
    return this.#prove(request, send, token);
  }

  /** @param {Request} request @param {Send} send @param {string} [token] that the proof goes with */
  #prove(request, send, token) {
    return this.key && this.prover ? this.prover(this.key, send, request, token) : send(request);
  }

  /** @type {Send} */
  fetch = (request) => this.env.fetch(request);

  /** @param {Params} params */
  form(params) {
    const form = new URLSearchParams({ client_id: this.clientId });
    for (const [name, value] of params) if (value) form.append(name, String(value));
    return form;
  }

  /**
   * Any other request; an answer that cannot be used is `network`.
   * @param {string} url
   * @param {RequestInit} [init]
   * @param {Send} [send]
   * @returns {Promise<{ response: Response, json: Json }>}
   */
  async send(url, init, send = this.fetch) {
    let response, text;
    try {
      const request = new this.env.Request(url, {
        ...init,
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      response = await send(request);
      text = await response.text();
    } catch {
      throw new AuthError('network');
    }
    if (response.status === 429 || response.status >= 500) throw new AuthError('network', `${response.status}`);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (date) this.skew = (date - this.env.Date.now()) / 1000;
    try {
      return { response, json: (text && JSON.parse(text)) || {} };
    } catch {
      throw new AuthError('server', 'not JSON');
    }
  }
}
