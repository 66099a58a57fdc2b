/**
 * Talking to the issuer: discovery (RFC 8414), tokens (RFC 6749 §4.1.3, §6), revocation (RFC 7009), userinfo.
 *
 * `network` means no usable answer (offline, CORS, 429, 5xx): nothing is concluded from it, least of all a sign-out.
 */

import { AuthError, oauthCode } from './errors.js';
import { secureUrl } from './urls.js';

/** @typedef {Record<string, any>} Json */
/** @typedef {import('./symbolon.js').Env} Env */

/** An answer later than this counts as none. */
const TIMEOUT_MS = 15_000;

/** The issuer as one client sees it. */
export class Server {
  /** Seconds the server's clock is ahead of ours, measured from its Date header. */
  skew = 0;
  /** @type {Promise<Json> | undefined} */
  #metadata;

  /**
   * @param {Env} env
   * @param {string} issuer
   * @param {string} clientId
   */
  constructor(env, issuer, clientId) {
    this.env = env;
    this.issuer = issuer;
    this.clientId = clientId;
  }

  /** Seconds since the epoch by the server's clock. */
  get now() {
    return this.env.Date.now() / 1000 + this.skew;
  }

  /** The discovery document, loaded once; a failed load is tried again next time. */
  metadata() {
    this.#metadata ??= this.#discover().catch((error) => {
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  async #discover() {
    const { response, json } = await this.#send(`${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    if (!response.ok || json.issuer !== this.issuer) throw new AuthError('config', 'wrong issuer in its metadata');
    secureUrl(json.authorization_endpoint, 'authorization_endpoint');
    secureUrl(json.token_endpoint, 'token_endpoint');
    return json;
  }

  /**
   * A token request. An OAuth error is thrown under its own code.
   * @param {[string, string | undefined][]} params
   */
  async token(params) {
    const { token_endpoint } = await this.metadata();
    const { response, json } = await this.#send(token_endpoint, { method: 'POST', body: this.#form(params) });
    if (!response.ok) throw new AuthError(oauthCode(json.error));
    if (typeof json.access_token !== 'string' || !/^bearer$/i.test(json.token_type) || !(json.expires_in > 0))
      throw new AuthError('server', 'malformed token answer');
    return json;
  }

  /**
   * Revokes a refresh token and, with it, everything of this sign-in.
   * @param {string} token
   */
  async revoke(token) {
    const { revocation_endpoint } = await this.metadata();
    const body = this.#form([['token', token], ['token_type_hint', 'refresh_token']]);
    if (revocation_endpoint) await this.#send(revocation_endpoint, { method: 'POST', body, keepalive: true });
  }

  /**
   * The person's profile.
   * @param {string} token
   * @param {unknown} sub must be the ID token's (OpenID Connect Core §5.3.2)
   */
  async userinfo(token, sub) {
    const { userinfo_endpoint } = await this.metadata();
    if (!userinfo_endpoint) return {};
    const { response, json } = await this.#send(userinfo_endpoint, { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok || json.sub !== sub) throw new AuthError('server', 'wrong userinfo');
    return json;
  }

  /** @param {[string, string | undefined][]} params */
  #form(params) {
    const form = new URLSearchParams({ client_id: this.clientId });
    for (const [name, value] of params) if (value) form.append(name, value);
    return form;
  }

  /**
   * @param {string} url
   * @param {RequestInit} [init]
   * @returns {Promise<{ response: Response, json: Json }>}
   */
  async #send(url, init) {
    let response, text;
    try {
      response = await this.env.fetch(url, {
        ...init,
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch {
      throw new AuthError('network');
    }
    if (response.status === 429 || response.status >= 500) throw new AuthError('network', `status ${response.status}`);
    const date = Date.parse(response.headers.get('date') ?? '');
    if (date) this.skew = Math.round((date - this.env.Date.now()) / 1000);
    try {
      return { response, json: (text && JSON.parse(text)) || {} };
    } catch {
      throw new AuthError('server', 'not JSON');
    }
  }
}
