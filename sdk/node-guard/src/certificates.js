/**
 * Tokens bound to the certificate of the connection (RFC 8705 §3): they count where the client has proven to hold its key in the
 * handshake.
 *
 * Who ends TLS knows the certificate: this process, with `requestCert` in its server's options, or a proxy, which hands it on in a
 * header. A header is read only when it comes from a proxy that was named: anybody can write one.
 */

import { createHash, X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { ConfigError, Rejection } from './errors.js';
import { lines } from './extract.js';

/** @typedef {import('node:http').IncomingMessage} Request */

/**
 * @typedef {object} CertificateOptions
 * @property {boolean} [required] takes no tokens but bound ones
 * @property {string} [header] in which a proxy hands on the certificate: `client-cert` (RFC 9440), or one with PEM in
 *   percent-encoding. The proxy must overwrite it, whatever a client has sent
 * @property {string[]} [proxies] addresses and networks (`10.0.0.7`, `10.1.0.0/16`) from which the header is believed
 */

const MAX_HEADER_LENGTH = 48 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PEM = /^-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----\s*$/;

/** What takes tokens that are bound to certificates for one guard. */
export class Certificates {
  #header;
  #proxies;

  /** @param {CertificateOptions} options checked */
  constructor({ required = false, header, proxies = [] }) {
    this.required = required;
    this.#header = header?.toLowerCase();
    this.#proxies = networks(proxies);
  }

  /**
   * Whether a token that is bound to this thumbprint may be shown on the request's connection.
   * @param {string} thumbprint
   * @param {Request} request
   */
  admit(thumbprint, request) {
    if (this.#shown(request) !== thumbprint) throw new Rejection('other_certificate');
  }

  /** The thumbprint of the certificate that was shown. @param {Request} request */
  #shown(request) {
    const values = this.#header === undefined ? [] : lines(request, this.#header);
    if (values.length === 0) return ofConnection(request);
    // Whoever sends the header and is no proxy has no certificate at all.
    if (values.length > 1 || !this.#isProxy(request.socket?.remoteAddress)) return undefined;
    const der = readHeader(values[0]);
    return der && hash(der);
  }

  /** @param {string | undefined} address */
  #isProxy(address = '') {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const version = isIP(plain);
    return version !== 0 && this.#proxies.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }
}

/**
 * Refuses what is no address and no network.
 * @param {string[]} texts
 */
export function networks(texts) {
  const list = new BlockList();
  for (const text of texts) {
    const [address, prefix, ...more] = String(text).split('/');
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (version === 0 || more.length > 0 || bits < 0 || bits > longest)
      throw new ConfigError(`certificates.proxies: this is no address and no network: ${text}`);
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** @param {Uint8Array} der */
const hash = (der) => createHash('sha256').update(der).digest('base64url');

/** Also of HTTP/2, whose requests share a connection. @param {any} request */
function ofConnection(request) {
  const socket = request.stream?.session?.socket ?? request.socket;
  const der = socket?.getPeerX509Certificate?.()?.raw;
  return der && hash(der);
}

/**
 * The certificate in a proxy's header.
 * @param {string} text
 * @returns {Uint8Array | undefined}
 */
export function readHeader(text) {
  if (text.length > MAX_HEADER_LENGTH) return undefined;
  try {
    // RFC 9440 §2.1: a byte sequence of structured fields, without parameters.
    if (text.startsWith(':')) return text.length > 2 && text.endsWith(':') ? fromBase64(text.slice(1, -1)) : undefined;
    const plain = decodeURIComponent(text);
    if (!plain.startsWith('-----')) return fromBase64(plain);
    return PEM.test(plain) ? new X509Certificate(plain).raw : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} text */
const fromBase64 = (text) => (text !== '' && BASE64.test(text) ? Buffer.from(text, 'base64') : undefined);
