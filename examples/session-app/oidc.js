/**
 * What the app has to do with its issuer: send people there, take the answer, send them there to sign out, and listen when they
 * have signed out elsewhere. Made of npm `openid-client` and, for logout tokens, `jose`.
 */

import { calculateJwkThumbprint, createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import * as client from 'openid-client';

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const MAX_AGE_SECS = 120;

/** @param {{ issuer: string, clientId: string, home: string }} settings `home`: where the app is */
export async function connect({ issuer, clientId, home }) {
  // The app proves itself by a key of its own (`private_key_jwt`), so it shares no secret with anybody.
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const proof = client.PrivateKeyJwt({ key: privateKey, kid });

  const isLocal = ['localhost', '127.0.0.1'].includes(new URL(issuer).hostname);
  const options = isLocal ? { execute: [client.allowInsecureRequests] } : {};
  const config = await client.discovery(new URL(issuer), clientId, undefined, proof, options);
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));

  return {
    /** What the issuer fetches to check that proof. */
    jwks: { keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] },

    /** Where to sign in, and what to remember until the answer comes. */
    async leave() {
      const question = { verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce() };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: `${home}/callback`,
        scope: 'openid profile email',
        code_challenge: await client.calculatePKCECodeChallenge(question.verifier),
        code_challenge_method: 'S256',
        state: question.state,
        nonce: question.nonce,
      });
      return { url: url.href, question };
    },

    /** Who came back. Throws when the answer is not one to this question, or is a no. */
    async arrive(path, { verifier, state, nonce }) {
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await client.authorizationCodeGrant(config, new URL(path, home), checks);
      const { sub, sid } = tokens.claims();
      const user = await client.fetchUserInfo(config, tokens.access_token, sub);
      return { user, sid, idToken: tokens.id_token };
    },

    /** Where to sign out of the issuer, too. */
    farewell: (idToken) => client.buildEndSessionUrl(config, { id_token_hint: idToken, post_logout_redirect_uri: `${home}/` }).href,

    /** Whose session has ended elsewhere (OpenID Connect Back-Channel Logout 1.0 §2.6). Throws when the issuer has not said so. */
    async ended(logoutToken) {
      const expected = { issuer: config.serverMetadata().issuer, audience: clientId, typ: 'logout+jwt', maxTokenAge: MAX_AGE_SECS };
      const { payload } = await jwtVerify(logoutToken, keys, expected);
      if (!payload.events?.[LOGOUT_EVENT] || payload.nonce !== undefined || !(payload.sid || payload.sub)) throw new Error('not a logout token');
      return { sid: payload.sid, sub: payload.sub };
    },
  };
}
