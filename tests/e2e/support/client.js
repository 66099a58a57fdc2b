/** A confidential client (npm `openid-client`) and the browser that it sends away: what comes back, and what the ID token says, checked with `jose`. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

const insecure = { execute: [oidc.allowInsecureRequests] }; // plain HTTP on loopback

export class Client {
  /** Registers one, and serves its page. */
  static async start(server, name) {
    const client = new Client();
    client.listener = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Home</title><link rel="icon" href="data:,">');
    });
    await once(client.listener.listen(0, '127.0.0.1'), 'listening');
    client.home = `http://localhost:${client.listener.address().port}/callback`;
    const added = await server.command(['client', 'add', '--web', '--name', name, '--redirect', client.home]);
    client.id = added.client.client_id;
    client.config = await oidc.discovery(new URL(server.issuer), client.id, {}, oidc.ClientSecretBasic(added.client_secret), insecure);
    const { jwks_uri } = client.config.serverMetadata();
    client.keys = createRemoteJWKSet(new URL(jwks_uri));
    return client;
  }

  /** Sends the page's browser off to sign in. */
  async send(page, more = {}) {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
    const url = oidc.buildAuthorizationUrl(this.config, {
      redirect_uri: this.home,
      scope: 'openid profile email',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      ...more,
    });
    this.checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
    await page.goto(url.href);
  }

  /** Waits until the browser is back; gives the parameters it brings. */
  async answer(page) {
    await page.waitForURL(`${this.home}?**`);
    return new URL(page.url()).searchParams;
  }

  /** Waits until the browser is back; gives what the ID token says. */
  async claims(page) {
    await this.answer(page);
    const { id_token } = await oidc.authorizationCodeGrant(this.config, new URL(page.url()), this.checks);
    const { issuer } = this.config.serverMetadata();
    return (await jwtVerify(id_token, this.keys, { issuer, audience: this.id })).payload;
  }

  stop() {
    this.listener.closeAllConnections();
    this.listener.close();
  }
}
