/** Keys in all their formats, exchanged with npm `jose` and Node (RFC 7517, 7638, 9278, 7468, 5958, 5915, 8017). */

import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { after, describe, test } from 'node:test';
import * as jose from 'jose';
import { Ours } from './support/ours.js';
import { SIGNATURES, available, encryptionJwk, publicHalf, signingJwk } from './support/theirs.js';

const THUMBPRINT_URI = 'urn:ietf:params:oauth:jwk-thumbprint:sha-256:';
const CURVES = ['P-256', 'P-384', 'P-521', 'X25519'];
const PAIRS = [
  ...(await available(SIGNATURES.filter((alg) => /^(RS256|ES|EdDSA|ML)/.test(alg)), signingJwk)).map((alg) => ({ alg, jwk: () => signingJwk(alg) })),
  ...CURVES.map((curve) => ({ alg: 'ECDH-ES', curve, jwk: () => encryptionJwk('ECDH-ES', undefined, curve) })),
];
const SECRETS = [['HS256', 'HS256'], ['A192KW', 'A192KW'], ['A256GCM', 'A256GCM']];

const ours = new Ours();
after(() => ours.stop());

/** What makes the key what it is, without what is said about it. */
const material = ({ alg, kid, use, key_ops, ext, ...rest }) => (rest.kty === 'AKP' ? { ...rest, alg } : rest);

for (const { alg, curve, jwk } of PAIRS) {
  describe(curve ? `${alg} on ${curve}` : alg, () => {
    test('a JWK of theirs comes back from us as it was', async () => {
      const theirs = await jwk();
      assert.deepEqual(material(await ours.ask('public', { key: theirs })), publicHalf(theirs));
      assert.deepEqual(material(await ours.ask('private', { key: theirs })), theirs);
    });

    test('a JWK of ours comes back from them as it was', async () => {
      const halves = await ours.generated(alg, curve);
      for (const half of [halves.private, halves.public]) {
        const theirs = await jose.importJWK(half, alg, { extractable: true });
        assert.deepEqual(material(await jose.exportJWK(theirs)), material(half));
      }
    });

    test('both name a key the same', async () => {
      const theirs = await jwk();
      const thumbprint = await jose.calculateJwkThumbprint(theirs, 'sha256');
      assert.deepEqual(await ours.ask('thumbprint', { key: theirs }), { thumbprint, uri: THUMBPRINT_URI + thumbprint });
      assert.equal(await jose.calculateJwkThumbprintUri(theirs, 'sha256'), THUMBPRINT_URI + thumbprint);
    });

    test('PEM of theirs, both halves', async () => {
      const theirs = await jwk();
      const key = await jose.importJWK(theirs, alg, { extractable: true });
      const spki = await jose.exportSPKI(await jose.importJWK(publicHalf(theirs), alg, { extractable: true }));
      assert.deepEqual(material(await ours.ask('from_pem', { pem: await jose.exportPKCS8(key) })), theirs);
      assert.deepEqual(material(await ours.ask('from_pem', { pem: spki })), publicHalf(theirs));
      assert.equal((await ours.ask('to_pem', { key: theirs, format: 'spki' })).trim(), spki.trim());
    });

    test('PEM of ours, both halves', async () => {
      const halves = await ours.generated(alg, curve);
      const pkcs8 = await ours.ask('to_pem', { key: halves.private, format: 'pkcs8' });
      const spki = await ours.ask('to_pem', { key: halves.private, format: 'spki' });
      const secret = await jose.importPKCS8(pkcs8, alg, { extractable: true });
      const published = await jose.importSPKI(spki, alg, { extractable: true });
      assert.deepEqual(material(await jose.exportJWK(secret)), material(halves.private));
      assert.deepEqual(material(await jose.exportJWK(published)), material(halves.public));
    });
  });
}

describe('structures of one key type', () => {
  for (const [alg, type, format] of [['RS256', 'pkcs1', 'pkcs1'], ['ES256', 'sec1', 'sec1'], ['ES384', 'sec1', 'sec1'], ['ES512', 'sec1', 'sec1']]) {
    test(`${alg} as ${type}`, async () => {
      const jwk = await signingJwk(alg);
      const key = createPrivateKey({ key: jwk, format: 'jwk' });
      const pem = key.export({ type, format: 'pem' });
      assert.deepEqual(material(await ours.ask('from_pem', { pem })), jwk);
      const again = createPrivateKey(await ours.ask('to_pem', { key: jwk, format }));
      assert.deepEqual(again.export({ format: 'jwk' }), jwk);
    });
  }

  test('RS256 as a public pkcs1', async () => {
    const jwk = publicHalf(await signingJwk('RS256'));
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs1', format: 'pem' });
    assert.deepEqual(material(await ours.ask('from_pem', { pem })), jwk);
    assert.equal(await ours.ask('to_pem', { key: jwk, format: 'pkcs1_public' }), pem);
  });
});

describe('keys as WebCrypto writes them, with key_ops and ext', () => {
  const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const KINDS = [
    [{ name: 'ECDSA', namedCurve: 'P-256' }, ['sign', 'verify']],
    [{ name: 'Ed25519' }, ['sign', 'verify']],
    [{ name: 'RSA-PSS', ...RSA }, ['sign', 'verify']],
    [{ name: 'RSA-OAEP', ...RSA }, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']],
    [{ name: 'ECDH', namedCurve: 'P-384' }, ['deriveBits', 'deriveKey']],
    [{ name: 'X25519' }, ['deriveBits']],
    [{ name: 'HMAC', hash: 'SHA-256' }, ['sign', 'verify']],
    [{ name: 'AES-GCM', length: 256 }, ['encrypt', 'decrypt']],
    [{ name: 'AES-KW', length: 192 }, ['wrapKey', 'unwrapKey']],
  ];

  for (const [algorithm, usages] of KINDS) {
    test(algorithm.name, async () => {
      const made = await crypto.subtle.generateKey(algorithm, true, usages);
      for (const [half, key] of Object.entries(made.privateKey ? { private: made.privateKey, public: made.publicKey } : { private: made })) {
        const jwk = await crypto.subtle.exportKey('jwk', key);
        const read = await ours.ask(half, { key: jwk });
        assert.deepEqual(material(read), material(jwk));
        // The public half of an agreement has nothing to list.
        assert.deepEqual(new Set(read.key_ops), new Set(jwk.key_ops));
      }
    });
  }
});

describe('shared secrets', () => {
  for (const [title, alg] of SECRETS) {
    test(title, async () => {
      const { private: jwk, public: none } = await ours.generated(alg);
      assert.equal(none, null);
      const secret = await jose.importJWK(jwk, alg);
      assert.equal((await jose.exportJWK(secret)).k, jwk.k);
      const thumbprint = await jose.calculateJwkThumbprint(jwk, 'sha256');
      assert.equal((await ours.ask('thumbprint', { key: jwk })).thumbprint, thumbprint);
    });
  }
});

describe('a private key under a password (RFC 7517 appendix C)', () => {
  const header = { alg: 'PBES2-HS256+A128KW', enc: 'A128CBC-HS256', cty: 'jwk+json' };
  const password = new TextEncoder().encode('Thus from my lips, by yours, my sin is purged.');

  test('theirs', async () => {
    const jwk = await signingJwk('RS256');
    const sealed = await new jose.CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk))).setProtectedHeader(header).encrypt(password);
    const opened = await ours.ask('open_key', { token: sealed, ...header, cty: undefined, password: jose.base64url.encode(password) });
    assert.deepEqual(material(opened), jwk);
  });

  test('ours', async () => {
    const jwk = await signingJwk('RS256');
    const { alg, enc } = header;
    const sealed = await ours.ask('seal_key', { key: jwk, alg, enc, password: jose.base64url.encode(password), count: 4096 });
    const { plaintext, protectedHeader } = await jose.compactDecrypt(sealed, password, { keyManagementAlgorithms: [alg] });
    assert.equal(protectedHeader.cty, 'jwk+json');
    assert.deepEqual(material(JSON.parse(new TextDecoder().decode(plaintext))), jwk);
  });
});

describe('what they make and we refuse', () => {
  test('an encrypted PEM', async () => {
    const key = createPrivateKey({ key: await signingJwk('ES256'), format: 'jwk' });
    const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' });
    await assert.rejects(ours.ask('from_pem', { pem }), { refused: 'PemLabel' });
  });

  test('a curve that is not for signatures or agreement here', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    // In SPKI the curves of RFC 8410 are key types of their own.
    for (const [type, options, refused] of [['ec', { namedCurve: 'secp256k1' }, 'CurveUnsupported'], ['ed448', {}, 'KeyTypeUnsupported'], ['x448', {}, 'KeyTypeUnsupported']]) {
      const { privateKey, publicKey } = generateKeyPairSync(type, options);
      await assert.rejects(ours.ask('private', { key: privateKey.export({ format: 'jwk' }) }), { refused: 'CurveUnsupported' });
      const pem = publicKey.export({ type: 'spki', format: 'pem' });
      await assert.rejects(ours.ask('from_pem', { pem }), { refused }, type);
    }
  });

  test('an RSA key of fewer than 2048 bits', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    await assert.rejects(ours.ask('private', { key: privateKey.export({ format: 'jwk' }) }), { refused: 'RsaModulusSize' });
    await assert.rejects(ours.ask('from_pem', { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) }), { refused: 'RsaModulusSize' });
  });

  test('a private half that belongs to another public half', async () => {
    const other = (await ours.ask('generate', { alg: 'ES256' })).private;
    const mixed = { ...(await signingJwk('ES256')), d: other.d };
    await assert.rejects(ours.ask('private', { key: mixed }), { refused: 'KeyInconsistent' });
  });
});
