/**
 * Refuses state-changing requests that a foreign page sent (Fetch Metadata §2.3; RFC 6454 §7).
 *
 * 1. Safe methods pass, unless they open a WebSocket, which a page of any origin can.
 * 2. An `Origin` from the allow-list passes.
 * 3. With `Sec-Fetch-Site`, only `same-origin` and `none` (the person's own doing) pass.
 * 4. Else `Origin` must name the host that was asked, over https: whoever holds the network can speak as `http://` of any
 *    host but the loopback ones.
 * 5. With neither header nothing vouches for the request: it is refused. Browsers send at least one.
 * @param {Request} request
 * @param {string[]} origins
 */
export function mayComeFromThere(request: Request, origins: string[]): boolean;
/**
 * A token that the issuer itself put into the cookie names the token of its page: where something may change, that must
 * come along, too.
 * @param {Request} request
 * @param {import('./caller.js').Claims} claims
 */
export function checkPage(request: Request, { [CLAIM]: hash }: import("./caller.js").Claims): void;
export type Request = import("node:http").IncomingMessage;
/** The claim of tokens that the issuer itself put into a cookie: the hash of what the header must say. */
declare const CLAIM: "csrf#S256";
export {};
