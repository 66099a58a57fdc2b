/**
 * The ID token of a sign-in (OpenID Connect Core §3.1.3.7).
 *
 * The signature is not checked: the token comes from the token endpoint over TLS, which rule 6 of §3.1.3.7 accepts in
 * its place. It must never be relaxed to tokens from anywhere else.
 */

/** @typedef {import('./claims.js').Claims} Claims */

/** Seconds both clocks may still differ after the server's Date header has been taken into account. */
const LEEWAY_SECS = 60;

/**
 * What is wrong with it, if anything is.
 * @param {{ header: Claims, claims: Claims }} token
 * @param {{ issuer: string, clientId: string, now: number }} server `now` in seconds by its clock
 * @param {string} nonce of the sign-in
 * @returns {string | undefined}
 */
export function wrong({ header, claims }, { issuer, clientId, now }, nonce) {
  const { aud, azp, exp, iat, sub } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  const rules = {
    alg: typeof header.alg === 'string' && header.alg.toLowerCase() !== 'none',
    iss: claims.iss === issuer,
    aud: audiences.includes(clientId) && audiences.every((one) => typeof one === 'string'),
    azp: azp === clientId || (azp === undefined && audiences.length === 1),
    sub: typeof sub === 'string' && sub !== '',
    exp: typeof exp === 'number' && exp > now - LEEWAY_SECS,
    iat: typeof iat === 'number' && iat < now + LEEWAY_SECS,
    nonce: typeof nonce === 'string' && claims.nonce === nonce,
  };
  return Object.entries(rules).find(([, kept]) => !kept)?.[0];
}
