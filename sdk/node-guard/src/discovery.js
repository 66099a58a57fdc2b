/** The issuer's discovery document (OpenID Connect Discovery §4): which addresses it has. */

import { FeedError } from './errors.js';
import { exchange, MAX_DOCUMENT_BYTES, read } from './http.js';
import { checkedUrl } from './urls.js';

/**
 * @typedef {object} Metadata
 * @property {URL} [jwks]
 * @property {URL} [stream] of revocations
 * @property {URL} [snapshot] of revocations
 * @property {URL} [introspection]
 */

const ADDRESSES = /** @type {const} */ ({
  jwks: 'jwks_uri',
  stream: 'symbolon_revocation_stream_endpoint',
  snapshot: 'symbolon_revocation_snapshot_endpoint',
  introspection: 'introspection_endpoint',
});

/** The document, kept until somebody says that it is wrong. */
export class Discovery {
  /** @type {Metadata | undefined} */
  #known;
  #fetch;
  #issuer;

  /**
   * @param {import('./http.js').Fetch} fetch
   * @param {string} issuer
   */
  constructor(fetch, issuer) {
    this.#fetch = fetch;
    this.#issuer = issuer;
  }

  /** What was learned may have changed. */
  forget() {
    this.#known = undefined;
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<Metadata>}
   */
  async load(signal) {
    this.#known ??= await this.#discover(signal);
    return this.#known;
  }

  /** @param {AbortSignal} signal */
  async #discover(signal) {
    // Discovery §4.1: a terminating slash is removed before the well-known path is appended.
    const issuer = this.#issuer.replace(/\/+$/, '');
    const url = checkedUrl('discovery document', `${issuer}/.well-known/openid-configuration`);
    const document = await fetchJson(this.#fetch, 'discovery document', url, signal);
    // Discovery §4.3: exactly the issuer that was asked, byte by byte.
    if (document.json.issuer !== this.#issuer) throw new FeedError('the discovery document is of another issuer');
    /** @type {Metadata} */
    const metadata = {};
    for (const [name, member] of Object.entries(ADDRESSES)) {
      const value = document.json[member];
      if (value === undefined) continue;
      // Only asked where the owner chose so; what is wrong with it is said then.
      if (name === 'introspection' && !isUsable(value, url)) continue;
      const address = checkedUrl(member, value);
      // An https issuer never leads us back to plain http, not even on loopback.
      if (url.protocol === 'https:' && address.protocol !== 'https:') throw new FeedError(`${member} is not https`);
      metadata[/** @type {keyof Metadata} */ (name)] = address;
    }
    return metadata;
  }
}

/**
 * @param {unknown} value
 * @param {URL} issuer
 */
function isUsable(value, issuer) {
  try {
    return checkedUrl('address', value).protocol === 'https:' || issuer.protocol !== 'https:';
  } catch {
    return false;
  }
}

/**
 * A small JSON object.
 * @param {import('./http.js').Fetch} fetch
 * @param {string} what for the message
 * @param {URL} url
 * @param {AbortSignal} signal
 * @returns {Promise<{ json: Record<string, unknown>, reply: import('./http.js').Reply }>}
 */
export async function fetchJson(fetch, what, url, signal) {
  const reply = await exchange(fetch, what, url, { headers: { accept: 'application/json' }, signal });
  const json = parseObject(await read(what, reply, { max: MAX_DOCUMENT_BYTES, signal }));
  if (!json) throw new FeedError(`the ${what} cannot be read`);
  return { json, reply };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Record<string, unknown> | undefined}
 */
export function parseObject(bytes) {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
