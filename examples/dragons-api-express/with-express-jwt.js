/**
 * The same with express-jwt and jwks-rsa, as the articles had it. What it leaves out: a revoked token is good until it
 * expires, and a token that is bound to a key (DPoP) is refused.
 */

import { expressjwt } from 'express-jwt';
import jwksRsa from 'jwks-rsa';

export async function protect({ issuer, audience }) {
  const secret = jwksRsa.expressJwtSecret({
    jwksUri: `${issuer}/.well-known/jwks.json`,
    cache: true,
    rateLimit: true, // off by default: unknown keys would make it ask the issuer each time
    jwksRequestsPerMinute: 5,
  });
  const verify = expressjwt({ secret, issuer, audience, algorithms: ['RS256'] });

  /** 401 and 403 as RFC 6750 §3 has them; what exactly was wrong is nobody's business. */
  const refuse = (response, status, error) =>
    response.status(status).set('WWW-Authenticate', `Bearer realm="${audience}"${error && `, error="${error}"`}`).json({ error });
  const signedIn = (request, response, next) =>
    verify(request, response, (error) => {
      if (!error) return next();
      refuse(response, 401, request.headers.authorization ? 'invalid_token' : '');
    });
  const when = (may) => (request, response, next) => (may(request.auth) ? next() : refuse(response, 403, 'insufficient_scope'));
  return {
    signedIn,
    scope: (needed) => when(({ scope }) => String(scope).split(' ').includes(needed)),
    role: (needed) => when(({ roles }) => Array.isArray(roles) && roles.includes(needed)),
  };
}
