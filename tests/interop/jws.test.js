/** Signatures of npm `jose` and ours, each verified by the other (RFC 7515, 7518 §3, 8037, 9864, 9964). */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import * as jose from 'jose';
import { Ours } from './support/ours.js';
import { SIGNATURES, available, publicHalf, signingJwk } from './support/theirs.js';

const ALGORITHMS = await available(SIGNATURES, signingJwk);
const PAYLOADS = [new Uint8Array(0), new TextEncoder().encode('{"sub":"ada"}'), Uint8Array.from({ length: 1000 }, (_, i) => i % 256)];
const b64 = jose.base64url.encode;

const ours = new Ours();
after(() => ours.stop());

const key = async (jwk, alg) => jose.importJWK(jwk, alg);

for (const alg of ALGORITHMS) {
  describe(alg, () => {
    test('what they sign, we verify', async () => {
      const jwk = await signingJwk(alg);
      for (const payload of PAYLOADS) {
        const token = await new jose.CompactSign(payload)
          .setProtectedHeader({ alg, typ: 'test', kid: 'k' }).sign(await key(jwk, alg));
        const verified = await ours.ask('verify', { alg, key: publicHalf(jwk), token });
        assert.deepEqual(verified, { payload: b64(payload), typ: 'test', cty: null, kid: 'k' });
      }
    });

    test('what we sign, they verify', async () => {
      const { private: secret, public: published } = await ours.generated(alg);
      const theirKey = await key(published ?? secret, alg);
      for (const payload of PAYLOADS) {
        const token = await ours.ask('sign', { alg, key: secret, payload: b64(payload), typ: 'test' });
        const verified = await jose.compactVerify(token, theirKey, { algorithms: [alg] });
        assert.deepEqual(new Uint8Array(verified.payload), payload);
        assert.deepEqual(verified.protectedHeader, { alg, kid: secret.kid, typ: 'test' });
      }
    });

    test('one signed byte changed, and neither believes the other', async () => {
      const jwk = await signingJwk(alg);
      const token = await new jose.CompactSign(PAYLOADS[1]).setProtectedHeader({ alg }).sign(await key(jwk, alg));
      const forged = token.replace(/\.(.)/, (_, first) => `.${first === 'e' ? 'f' : 'e'}`);
      assert.notEqual(forged, token);
      await assert.rejects(ours.ask('verify', { alg, key: publicHalf(jwk), token: forged }), { refused: 'SignatureInvalid' });
      await assert.rejects(jose.compactVerify(forged, await key(publicHalf(jwk), alg)), jose.errors.JWSSignatureVerificationFailed);
    });
  });
}

describe('what they make and we refuse', () => {
  test('a token without a signature', async () => {
    const token = new jose.UnsecuredJWT({ sub: 'ada' }).encode();
    for (const alg of ALGORITHMS) {
      const jwk = publicHalf(await signingJwk(alg));
      await assert.rejects(ours.ask('verify', { alg, key: jwk, token }), { refused: 'AlgorithmMismatch' });
    }
  });

  test('the algorithm of another key of the same type', async () => {
    const jwk = await signingJwk('RS256');
    const token = await new jose.CompactSign(PAYLOADS[1]).setProtectedHeader({ alg: 'PS256' }).sign(await key(jwk, 'PS256'));
    await assert.rejects(ours.ask('verify', { alg: 'RS256', key: publicHalf(jwk), token }), { refused: 'AlgorithmMismatch' });
  });

  test('a public key used as a shared secret', async () => {
    const jwk = publicHalf(await signingJwk('RS256'));
    const secret = new TextEncoder().encode(await jose.exportSPKI(await key(jwk, 'RS256')));
    const token = await new jose.CompactSign(PAYLOADS[1]).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    await assert.rejects(ours.ask('verify', { alg: 'RS256', key: jwk, token }), { refused: 'AlgorithmMismatch' });
    await assert.rejects(ours.ask('verify', { alg: 'HS256', key: jwk, token }), { refused: 'KeyAlgorithm' });
  });

  test('an encrypted token made with the public key of an API that expects signed ones', async () => {
    const jwk = publicHalf(await signingJwk('RS256'));
    const token = await new jose.CompactEncrypt(PAYLOADS[1])
      .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A128GCM' }).encrypt(await key(jwk, 'RSA-OAEP'));
    await assert.rejects(ours.ask('verify', { alg: 'RS256', key: jwk, token }), { refused: 'Encrypted' });
  });

  test('an extension that nobody has explained to us', async () => {
    const jwk = await signingJwk('ES256');
    const token = await new jose.CompactSign(PAYLOADS[1])
      .setProtectedHeader({ alg: 'ES256', crit: ['urn:example:tenant'], 'urn:example:tenant': 'a' })
      .sign(await key(jwk, 'ES256'), { crit: { 'urn:example:tenant': true } });
    await assert.rejects(ours.ask('verify', { alg: 'ES256', key: publicHalf(jwk), token }), { refused: 'CritUnsupported' });
  });
});

describe('what both refuse', () => {
  test('a secret shorter than the hash', async () => {
    const secret = { kty: 'oct', k: b64(new Uint8Array(31)) };
    await assert.rejects(ours.ask('sign', { alg: 'HS256', key: secret, payload: '' }), { refused: 'HmacKeyTooShort' });
  });
});
