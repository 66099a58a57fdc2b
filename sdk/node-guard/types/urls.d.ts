/**
 * An absolute URL that is https, or http on loopback, without user and fragment.
 *
 * A key set's address may carry a query (some providers name the policy there); an issuer may not (RFC 8414 §2).
 * @param {string} what for the message
 * @param {unknown} value
 */
export function checkedUrl(what: string, value: unknown): import("url").URL;
/**
 * Whether a host, with or without a port, is a name or address that never leaves the machine.
 * @param {string} authority
 */
export function isLoopback(authority: string): boolean;
