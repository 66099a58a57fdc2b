/** The JSON serializations of a JWE, several recipients, AAD and compression, exchanged with npm `jose` (RFC 7516 §7.2, §4.1.3). */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import * as jose from 'jose';
import { Ours } from './support/ours.js';
import { encryptionJwk, publicHalf } from './support/theirs.js';

const enc = 'A128CBC-HS256';
const text = new TextEncoder();
const PLAINTEXT = text.encode('{"sub":"ada"}');
const AAD = text.encode('["vcard",[["version",{},"text","4.0"]]]'); // RFC 7520 §5.10, shortened
const PASSWORD = text.encode('correct horse battery staple');
const b64 = jose.base64url.encode;

/** One recipient of each kind; what agrees on the content key or is it goes alone. */
const ALONE = [['dir'], ['ECDH-ES', 'P-256'], ['ECDH-ES', 'X25519']];
const TOGETHER = [
  ['A128KW'], ['A256GCMKW'], ['RSA-OAEP'], ['RSA-OAEP-256'], ['ECDH-ES+A128KW', 'P-256'], ['ECDH-ES+A256KW', 'X25519'],
  ['PBES2-HS512+A256KW'],
];

const ours = new Ours();
after(() => ours.stop());

const name = ([alg, curve]) => (curve ? `${alg} on ${curve}` : alg);
const theirKey = (jwk, alg) => (jwk.kty === 'oct' ? jose.base64url.decode(jwk.k) : jose.importJWK(jwk, alg));
const accept = (alg) => ({ keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc], maxPBES2Count: 2_000_000 });

async function theirs([alg, curve]) {
  if (alg.startsWith('PBES2')) return { alg, theirs: PASSWORD, ours: { password: b64(PASSWORD) } };
  const jwk = await encryptionJwk(alg, enc, curve);
  return { alg, theirs: await theirKey(publicHalf(jwk), alg), ours: { key: jwk } };
}

async function oursFor([alg, curve]) {
  if (alg.startsWith('PBES2')) return { alg, theirs: PASSWORD, ours: { password: b64(PASSWORD), count: 4096 } };
  const halves = await ours.generated(alg === 'dir' ? enc : alg, curve);
  return { alg, theirs: await theirKey(halves.private, alg), ours: { key: halves.public ?? halves.private } };
}

describe('flattened', () => {
  for (const recipient of [...ALONE, ...TOGETHER]) {
    for (const aad of [undefined, AAD]) {
      const title = `${name(recipient)}${aad ? ' with AAD' : ''}`;

      test(`theirs, ${title}`, async () => {
        const { alg, ...keys } = await theirs(recipient);
        const jwe = new jose.FlattenedEncrypt(PLAINTEXT)
          .setProtectedHeader({ enc, typ: 'test' }).setSharedUnprotectedHeader({ alg }).setUnprotectedHeader({ kid: 'k' });
        if (aad) jwe.setAdditionalAuthenticatedData(aad);
        const token = await jwe.encrypt(keys.theirs);
        const request = { alg, enc, ...keys.ours };
        const decrypted = await ours.ask('decrypt_json', { ...request, token: JSON.stringify(token) });
        // Their kid is not protected: a hint to find the key with, nothing to rely on afterwards.
        assert.deepEqual(decrypted, { plaintext: b64(PLAINTEXT), typ: 'test', cty: null, kid: null, aad: aad ? b64(aad) : null });
        const forged = JSON.stringify({ ...token, aad: b64(text.encode('[]')) });
        await assert.rejects(ours.ask('decrypt_json', { ...request, token: forged }), { refused: 'DecryptionFailed' });
      });

      test(`ours, ${title}`, async () => {
        const { alg, ...keys } = await oursFor(recipient);
        const token = JSON.parse(await ours.ask('encrypt_json', {
          form: 'flattened', enc, recipients: [{ alg, ...keys.ours }], plaintext: b64(PLAINTEXT), typ: 'test', aad: aad && b64(aad),
        }));
        const decrypted = await jose.flattenedDecrypt(token, keys.theirs, accept(alg));
        assert.deepEqual(new Uint8Array(decrypted.plaintext), PLAINTEXT);
        assert.deepEqual(aad && new Uint8Array(decrypted.additionalAuthenticatedData), aad);
      });
    }
  }
});

test('an empty AAD is none, which they insist on', async () => {
  const { alg, ...keys } = await oursFor(['A128KW']);
  const recipients = [{ alg, ...keys.ours }];
  const token = JSON.parse(await ours.ask('encrypt_json', { form: 'flattened', enc, recipients, plaintext: b64(PLAINTEXT), aad: '' }));
  const decrypted = await jose.flattenedDecrypt(token, keys.theirs, accept(alg));
  assert.deepEqual(new Uint8Array(decrypted.plaintext), PLAINTEXT);
});

describe('several recipients', () => {
  test('theirs: each of our keys decrypts', async () => {
    const recipients = await Promise.all(TOGETHER.map(theirs));
    const jwe = new jose.GeneralEncrypt(PLAINTEXT).setProtectedHeader({ enc }).setAdditionalAuthenticatedData(AAD);
    for (const [index, { alg, theirs: key }] of recipients.entries()) {
      jwe.addRecipient(key).setUnprotectedHeader({ alg, kid: `${index}` });
    }
    const token = JSON.stringify(await jwe.encrypt());
    for (const [index, { alg, ours: key }] of recipients.entries()) {
      const decrypted = await ours.ask('decrypt_json', { alg, enc, ...key, token });
      assert.deepEqual(decrypted, { plaintext: b64(PLAINTEXT), typ: null, cty: null, kid: null, aad: b64(AAD) }, alg);
    }
  });

  test('ours: each of their keys decrypts', async () => {
    const recipients = await Promise.all(TOGETHER.map(oursFor));
    const token = JSON.parse(await ours.ask('encrypt_json', {
      form: 'general', enc, recipients: recipients.map(({ alg, ours: key }) => ({ alg, ...key })), plaintext: b64(PLAINTEXT), aad: b64(AAD),
    }));
    assert.equal(token.recipients.length, TOGETHER.length);
    for (const { alg, theirs: key } of recipients) {
      const decrypted = await jose.generalDecrypt(token, key, accept(alg));
      assert.deepEqual(new Uint8Array(decrypted.plaintext), PLAINTEXT, alg);
    }
  });

  test('a key that is nobody’s decrypts nothing', async () => {
    const { theirs: key } = await theirs(['A128KW']);
    const jwe = await new jose.GeneralEncrypt(PLAINTEXT).setProtectedHeader({ alg: 'A128KW', enc }).addRecipient(key).encrypt();
    const other = (await ours.ask('generate', { alg: 'A128KW' })).private;
    await assert.rejects(
      ours.ask('decrypt_json', { alg: 'A128KW', enc, key: other, token: JSON.stringify(jwe) }), { refused: 'DecryptionFailed' },
    );
  });
});

describe('compressed', () => {
  const LONG = text.encode('{"sub":"ada"}'.repeat(500));

  for (const content of ['A128CBC-HS256', 'A256GCM']) {
    test(`${content}: theirs`, async () => {
      const jwk = await encryptionJwk('dir', content);
      const token = await new jose.CompactEncrypt(LONG).setProtectedHeader({ alg: 'dir', enc: content, zip: 'DEF' }).encrypt(await theirKey(jwk));
      const request = { alg: 'dir', enc: content, key: jwk, token };
      assert.equal((await ours.ask('decrypt', { ...request, zip: true })).plaintext, b64(LONG));
      await assert.rejects(ours.ask('decrypt', request), { refused: 'ZipUnsupported' });
    });

    test(`${content}: ours`, async () => {
      const { private: jwk } = await ours.ask('generate', { alg: content });
      const token = await ours.ask('encrypt', { alg: 'dir', enc: content, key: jwk, plaintext: b64(LONG), zip: true });
      assert.ok(token.length < 500, 'it is shorter than what is in it');
      const decrypted = await jose.compactDecrypt(token, await theirKey(jwk));
      assert.deepEqual(new Uint8Array(decrypted.plaintext), LONG);
    });
  }

  test('what grows beyond 250 kB is refused', async () => {
    const jwk = await encryptionJwk('dir', 'A256GCM');
    const token = await new jose.CompactEncrypt(new Uint8Array(250_001))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' }).encrypt(await theirKey(jwk));
    await assert.rejects(
      ours.ask('decrypt', { alg: 'dir', enc: 'A256GCM', key: jwk, token, zip: true }), { refused: 'DecompressionTooLong' },
    );
  });
});

describe('what they make and we refuse', () => {
  test('content encrypted otherwise than the key is for', async () => {
    const jwk = await encryptionJwk('A128KW');
    const token = await new jose.CompactEncrypt(PLAINTEXT).setProtectedHeader({ alg: 'A128KW', enc: 'A128GCM' }).encrypt(await theirKey(jwk));
    await assert.rejects(ours.ask('decrypt', { alg: 'A128KW', enc: 'A256GCM', key: jwk, token }));
    await assert.rejects(ours.ask('decrypt', { alg: 'A128GCMKW', enc: 'A128GCM', key: jwk, token }), { refused: 'AlgorithmMismatch' });
  });

  test('a password stretched too little, and one stretched until we are tired', async () => {
    const alg = 'PBES2-HS256+A128KW';
    for (const p2c of [999, 1_200_001]) {
      const token = await new jose.CompactEncrypt(PLAINTEXT).setProtectedHeader({ alg, enc })
        .setKeyManagementParameters({ p2c }).encrypt(PASSWORD);
      await assert.rejects(ours.ask('decrypt', { alg, enc, password: b64(PASSWORD), token }), { refused: 'Pbes2Count' });
    }
  });

  test('a signed token where an encrypted one is expected', async () => {
    const jwk = await encryptionJwk('dir', 'A256GCM');
    const token = await new jose.CompactSign(PLAINTEXT).setProtectedHeader({ alg: 'HS256' }).sign(await theirKey(jwk));
    await assert.rejects(ours.ask('decrypt', { alg: 'dir', enc: 'A256GCM', key: jwk, token }));
  });
});
