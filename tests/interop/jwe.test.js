/** Encryption by npm `jose` and by us, each decrypted by the other (RFC 7516, 7518 §4 and §5, 8037 §3.2). */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import * as jose from 'jose';
import { Ours } from './support/ours.js';
import { CONTENT_KEY_BYTES, encryptionJwk, publicHalf } from './support/theirs.js';

const ENCRYPTIONS = Object.keys(CONTENT_KEY_BYTES);
const CURVES = ['P-256', 'P-384', 'P-521', 'X25519'];
const AGREEMENTS = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'];
const WITH_KEYS = [
  'dir', 'A128KW', 'A192KW', 'A256KW', 'A128GCMKW', 'A192GCMKW', 'A256GCMKW',
  'RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512',
];
const WITH_PASSWORDS = ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW'];
const COUNT = 4096; // iterations of PBES2 where the default is not what is tested

const b64 = jose.base64url.encode;
const text = new TextEncoder();
const PLAINTEXTS = [new Uint8Array(0), text.encode('{"sub":"ada"}'), Uint8Array.from({ length: 1000 }, (_, i) => i % 256)];
const PASSWORD = text.encode('Entrap_o–peter_long–credit_tun'); // RFC 7517 appendix C: not only ASCII

const ours = new Ours();
after(() => ours.stop());

const bytes = (jwk) => jose.base64url.decode(jwk.k);
const theirKey = (jwk, alg) => (jwk.kty === 'oct' ? bytes(jwk) : jose.importJWK(jwk, alg));

/** How each side is told of the key: a JWK of one side, or the password both know. */
async function theirPair(alg, enc, curve) {
  if (alg.startsWith('PBES2')) return { encrypt: PASSWORD, decrypt: { password: b64(PASSWORD) } };
  const jwk = await encryptionJwk(alg, enc, curve);
  return { encrypt: await theirKey(publicHalf(jwk), alg), decrypt: { key: jwk } };
}

async function ourPair(alg, enc, curve) {
  if (alg.startsWith('PBES2')) return { encrypt: { password: b64(PASSWORD), count: COUNT }, decrypt: PASSWORD };
  const halves = await ours.generated(alg === 'dir' ? enc : alg, curve);
  return { encrypt: { key: halves.public ?? halves.private }, decrypt: await theirKey(halves.private, alg), kid: halves.private.kid };
}

const accept = (alg, enc) => ({ keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc], maxPBES2Count: 2_000_000 });

const VARIANTS = [
  ...[...WITH_KEYS, ...WITH_PASSWORDS].map((alg) => [alg]),
  ...AGREEMENTS.flatMap((alg) => CURVES.map((curve) => [alg, curve])),
];

for (const [alg, curve] of VARIANTS) {
  describe(curve ? `${alg} on ${curve}` : alg, () => {
    test('what they encrypt, we decrypt, with every enc', async () => {
      for (const enc of ENCRYPTIONS) {
        const keys = await theirPair(alg, enc, curve);
        for (const plaintext of PLAINTEXTS) {
          const token = await new jose.CompactEncrypt(plaintext)
            .setProtectedHeader({ alg, enc, typ: 'test', cty: 'octets', kid: 'k' }).encrypt(keys.encrypt);
          const decrypted = await ours.ask('decrypt', { alg, enc, ...keys.decrypt, token });
          assert.deepEqual(decrypted, { plaintext: b64(plaintext), typ: 'test', cty: 'octets', kid: 'k' }, enc);
        }
      }
    });

    test('what we encrypt, they decrypt, with every enc', async () => {
      for (const enc of ENCRYPTIONS) {
        const keys = await ourPair(alg, enc, curve);
        for (const plaintext of PLAINTEXTS) {
          const token = await ours.ask('encrypt', { alg, enc, ...keys.encrypt, plaintext: b64(plaintext), typ: 'test', cty: 'octets' });
          const decrypted = await jose.compactDecrypt(token, keys.decrypt, accept(alg, enc));
          assert.deepEqual(new Uint8Array(decrypted.plaintext), plaintext, enc);
          const { typ, cty, kid } = decrypted.protectedHeader;
          assert.deepEqual({ typ, cty, kid }, { typ: 'test', cty: 'octets', kid: keys.kid }, enc);
        }
      }
    });

    test('one changed byte in each segment, and neither reads on', async () => {
      const enc = 'A256GCM';
      const keys = await theirPair(alg, enc, curve);
      const token = await new jose.CompactEncrypt(PLAINTEXTS[1]).setProtectedHeader({ alg, enc }).encrypt(keys.encrypt);
      const segments = token.split('.');
      for (const changed of segments.keys()) {
        if (changed === 0 || segments[changed] === '') continue;
        const forged = segments.with(changed, (segments[changed][0] === 'A' ? 'B' : 'A') + segments[changed].slice(1)).join('.');
        await assert.rejects(ours.ask('decrypt', { alg, enc, ...keys.decrypt, token: forged }), { refused: 'DecryptionFailed' });
      }
    });
  });
}

describe('who sends and who receives, bound to the agreed key', () => {
  const [apu, apv] = [text.encode('Alice'), text.encode('Bob')]; // RFC 7518 appendix C

  for (const alg of AGREEMENTS) {
    test(`${alg}: theirs`, async () => {
      const jwk = await encryptionJwk(alg, undefined, 'P-256');
      const token = await new jose.CompactEncrypt(PLAINTEXTS[1]).setProtectedHeader({ alg, enc: 'A128GCM' })
        .setKeyManagementParameters({ apu, apv }).encrypt(await theirKey(publicHalf(jwk), alg));
      const decrypted = await ours.ask('decrypt', { alg, enc: 'A128GCM', key: jwk, token });
      assert.equal(decrypted.plaintext, b64(PLAINTEXTS[1]));
    });

    test(`${alg}: ours`, async () => {
      const { private: secret, public: published } = await ours.generated(alg, 'P-256');
      const token = await ours.ask('encrypt', {
        alg, enc: 'A128GCM', key: published, plaintext: b64(PLAINTEXTS[1]), apu: b64(apu), apv: b64(apv),
      });
      const { protectedHeader } = await jose.compactDecrypt(token, await theirKey(secret, alg));
      assert.deepEqual([protectedHeader.apu, protectedHeader.apv], [b64(apu), b64(apv)]);
    });
  }
});
