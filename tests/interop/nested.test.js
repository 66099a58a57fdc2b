/** Signed tokens inside encrypted ones, exchanged with npm `jose` (RFC 7519 §5.2, §11.2; RFC 8725 §3.3). */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import * as jose from 'jose';
import { Ours } from './support/ours.js';
import { encryptionJwk, publicHalf, signingJwk } from './support/theirs.js';

const CLAIMS = { iss: 'https://id.example', aud: 'https://api.example', sub: 'ada', exp: 1_800_000_000 };
const NOW = 1_799_999_000;
const text = new TextEncoder();
const PAIRS = [
  { sign: 'ES256', alg: 'ECDH-ES', curve: 'P-256', enc: 'A256GCM' },
  { sign: 'PS256', alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512' },
  { sign: 'Ed25519', alg: 'ECDH-ES+A256KW', curve: 'X25519', enc: 'A128CBC-HS256' },
  { sign: 'HS512', alg: 'A256GCMKW', enc: 'A192GCM' },
];

const ours = new Ours();
after(() => ours.stop());

const key = (jwk, alg) => jose.importJWK(jwk, alg);
const encrypted = async (content, { alg, enc, curve }, header) => {
  const jwk = publicHalf(await encryptionJwk(alg, enc, curve));
  return new jose.CompactEncrypt(text.encode(content)).setProtectedHeader({ alg, enc, ...header }).encrypt(await key(jwk, alg));
};
const expected = async ({ sign, alg, curve, enc }) => ({
  sign: { alg: sign, key: publicHalf(await signingJwk(sign)) },
  encrypt: { alg, enc, key: await encryptionJwk(alg, enc, curve) },
  now: NOW, iss: CLAIMS.iss, aud: CLAIMS.aud, typ: 'at+jwt',
});

for (const pair of PAIRS) {
  describe(`${pair.sign} in ${pair.alg}`, () => {
    test('theirs', async () => {
      const inner = await new jose.SignJWT(CLAIMS).setProtectedHeader({ alg: pair.sign, typ: 'at+jwt' }).sign(await key(await signingJwk(pair.sign), pair.sign));
      const token = await encrypted(inner, pair, { cty: 'JWT' });
      assert.deepEqual(await ours.ask('decrypt_then_verify', { ...await expected(pair), token }), CLAIMS);
    });

    test('ours', async () => {
      const signer = await ours.generated(pair.sign);
      const recipient = await ours.generated(pair.alg, pair.curve);
      const token = await ours.ask('sign_then_encrypt', {
        sign: { alg: pair.sign, key: signer.private },
        encrypt: { alg: pair.alg, enc: pair.enc, key: recipient.public ?? recipient.private },
        claims: CLAIMS, typ: 'at+jwt',
      });
      const outer = await jose.compactDecrypt(token, await key(recipient.private, pair.alg));
      assert.equal(outer.protectedHeader.cty, 'JWT');
      const inner = new TextDecoder().decode(outer.plaintext);
      const { payload } = await jose.jwtVerify(inner, await key(signer.public ?? signer.private, pair.sign), {
        issuer: CLAIMS.iss, audience: CLAIMS.aud, typ: 'at+jwt', currentDate: new Date(NOW * 1000),
      });
      assert.deepEqual(payload, CLAIMS);
    });
  });
}

describe('what they make and we refuse', () => {
  test('claims that were encrypted and never signed', async () => {
    const token = await encrypted(JSON.stringify(CLAIMS), PAIRS[0], { cty: 'JWT' });
    // The names in the claims have two full stops, so that the text has three segments, as it should.
    await assert.rejects(ours.ask('decrypt_then_verify', { ...await expected(PAIRS[0]), token }), { refused: 'NotCompact' });
  });

  test('claims that say they are not signed', async () => {
    const token = await encrypted(new jose.UnsecuredJWT(CLAIMS).encode(), PAIRS[0], { cty: 'JWT' });
    await assert.rejects(ours.ask('decrypt_then_verify', { ...await expected(PAIRS[0]), token }), { refused: 'AlgorithmMismatch' });
  });

  test('a signed token under a header that does not say there is one', async () => {
    const inner = await new jose.SignJWT(CLAIMS).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).sign(await key(await signingJwk('ES256'), 'ES256'));
    const token = await encrypted(inner, PAIRS[0], {});
    await assert.rejects(ours.ask('decrypt_then_verify', { ...await expected(PAIRS[0]), token }), /cty/);
  });
});
