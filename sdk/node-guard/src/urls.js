/** Addresses: https, or plain http on loopback, and nothing that could carry more than an address. */

import { isIPv4 } from 'node:net';
import { ConfigError } from './errors.js';

/**
 * An absolute URL that is https, or http on loopback, without user and fragment.
 *
 * A key set's address may carry a query (some providers name the policy there); an issuer may not (RFC 8414 §2).
 * @param {string} what for the message
 * @param {unknown} value
 */
export function checkedUrl(what, value) {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const plain = url && !url.username && !url.password && !url.hash && url.host;
  if (!plain || (what !== 'jwksUrl' && url.search))
    throw new ConfigError(`${what} is not an absolute URL without user, query and fragment: ${value}`);
  if (url.protocol === 'https:') return url;
  const { hostname } = url;
  if (url.protocol === 'http:' && (hostname === 'localhost' || isLoopbackAddress(hostname))) return url;
  throw new ConfigError(`${what} must be https (plain http only on loopback): ${value}`);
}

/**
 * Whether a host, with or without a port, is a name or address that never leaves the machine.
 * @param {string} authority
 */
export function isLoopback(authority) {
  const host = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(authority)?.[1] ?? '';
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host);
}

/** @param {string} host */
const isLoopbackAddress = (host) => host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
