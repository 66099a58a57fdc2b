/** The JSON serializations of a JWS, detached and unencoded payloads, exchanged with npm `jose` (RFC 7515 §7.2, RFC 7797). */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import * as jose from 'jose';
import { Ours } from './support/ours.js';
import { SIGNATURES, available, publicHalf, signingJwk } from './support/theirs.js';

const ALGORITHMS = await available(SIGNATURES, signingJwk);
const SEVERAL = ['RS256', 'ES256', 'Ed25519', 'HS256'].filter((alg) => ALGORITHMS.includes(alg));
const text = new TextEncoder();
const PAYLOAD = text.encode('{"sub":"ada"}');
const DOTTED = text.encode('$.02'); // RFC 7797 §4.1
const b64 = jose.base64url.encode;
const UNENCODED = { b64: false, crit: ['b64'] };

const ours = new Ours();
after(() => ours.stop());

const key = (jwk, alg) => jose.importJWK(jwk, alg);
const ourKeys = async (alg) => {
  const halves = await ours.generated(alg);
  return { secret: halves.private, published: halves.public ?? halves.private };
};

describe('flattened', () => {
  for (const alg of ALGORITHMS) {
    test(`${alg}: what they sign, we verify`, async () => {
      const jwk = await signingJwk(alg);
      const jws = await new jose.FlattenedSign(PAYLOAD)
        .setProtectedHeader({ alg, typ: 'test' }).setUnprotectedHeader({ kid: 'k', note: 'anything' }).sign(await key(jwk, alg));
      const verified = await ours.ask('verify_json', { alg, key: publicHalf(jwk), token: JSON.stringify(jws) });
      // Their kid is not protected: a hint to find the key with, nothing to rely on afterwards.
      assert.deepEqual(verified, { payload: b64(PAYLOAD), typ: 'test', cty: null, kid: null });
    });

    test(`${alg}: what we sign, they verify`, async () => {
      const { secret, published } = await ourKeys(alg);
      const token = await ours.ask('sign_json', {
        form: 'flattened', signers: [{ alg, key: secret, typ: 'test', header: { note: 'anything' } }], payload: b64(PAYLOAD),
      });
      const verified = await jose.flattenedVerify(JSON.parse(token), await key(published, alg), { algorithms: [alg] });
      assert.deepEqual(new Uint8Array(verified.payload), PAYLOAD);
      assert.deepEqual(verified.protectedHeader, { alg, kid: secret.kid, typ: 'test' });
      assert.deepEqual(verified.unprotectedHeader, { note: 'anything' });
    });
  }
});

describe('several signatures', () => {
  test('theirs: each of ours keys finds its own', async () => {
    const sign = new jose.GeneralSign(PAYLOAD);
    for (const alg of SEVERAL) {
      sign.addSignature(await key(await signingJwk(alg), alg)).setProtectedHeader({ alg, kid: `${alg} key` });
    }
    const token = JSON.stringify(await sign.sign());
    for (const alg of SEVERAL) {
      const verified = await ours.ask('verify_json', { alg, key: publicHalf(await signingJwk(alg)), token });
      assert.deepEqual(verified, { payload: b64(PAYLOAD), typ: null, cty: null, kid: `${alg} key` });
    }
  });

  test('ours: each of their keys finds its own', async () => {
    const keys = await Promise.all(SEVERAL.map(async (alg) => ({ alg, ...await ourKeys(alg) })));
    const signers = keys.map(({ alg, secret }) => ({ alg, key: secret }));
    const token = JSON.parse(await ours.ask('sign_json', { form: 'general', signers, payload: b64(PAYLOAD) }));
    assert.equal(token.signatures.length, SEVERAL.length);
    for (const { alg, published } of keys) {
      const verified = await jose.generalVerify(token, await key(published, alg), { algorithms: [alg] });
      assert.deepEqual(new Uint8Array(verified.payload), PAYLOAD);
      assert.equal(verified.protectedHeader.kid, published.kid);
    }
  });

  test('a key that signed nothing finds nothing', async () => {
    const [jwk, other] = [await signingJwk('ES256'), (await ourKeys('ES256')).published];
    const jws = await new jose.GeneralSign(PAYLOAD)
      .addSignature(await key(jwk, 'ES256')).setProtectedHeader({ alg: 'ES256' }).sign();
    await assert.rejects(
      ours.ask('verify_json', { alg: 'ES256', key: other, token: JSON.stringify(jws) }),
      (error) => ['SignatureInvalid', 'UnknownKey'].includes(error.refused),
    );
  });
});

describe('detached payload', () => {
  for (const alg of ALGORITHMS) {
    test(`${alg}: theirs, compact`, async () => {
      const jwk = await signingJwk(alg);
      const [header, , signature] = (await new jose.CompactSign(PAYLOAD).setProtectedHeader({ alg }).sign(await key(jwk, alg))).split('.');
      const request = { alg, key: publicHalf(jwk), token: `${header}..${signature}` };
      assert.equal((await ours.ask('verify', { ...request, payload: b64(PAYLOAD) })).payload, b64(PAYLOAD));
      await assert.rejects(ours.ask('verify', { ...request, payload: b64(DOTTED) }), { refused: 'SignatureInvalid' });
    });

    test(`${alg}: ours, compact`, async () => {
      const { secret, published } = await ourKeys(alg);
      const token = await ours.ask('sign', { alg, key: secret, payload: b64(PAYLOAD), detached: true });
      const [header, nothing, signature] = token.split('.');
      assert.equal(nothing, '');
      await jose.compactVerify(`${header}.${b64(PAYLOAD)}.${signature}`, await key(published, alg), { algorithms: [alg] });
    });
  }

  test('theirs, flattened', async () => {
    const jwk = await signingJwk('ES256');
    const { payload, ...token } = await new jose.FlattenedSign(PAYLOAD).setProtectedHeader({ alg: 'ES256' }).sign(await key(jwk, 'ES256'));
    const request = { alg: 'ES256', key: publicHalf(jwk), token: JSON.stringify(token), payload };
    assert.equal((await ours.ask('verify_json', request)).payload, payload);
  });

  test('ours, general', async () => {
    const { secret, published } = await ourKeys('ES256');
    const signers = [{ alg: 'ES256', key: secret }];
    const token = JSON.parse(await ours.ask('sign_json', { form: 'general', signers, payload: b64(PAYLOAD), detached: true }));
    assert.equal(token.payload, undefined);
    await jose.generalVerify({ ...token, payload: b64(PAYLOAD) }, await key(published, 'ES256'));
  });
});

describe('unencoded payload', () => {
  for (const alg of ALGORITHMS) {
    test(`${alg}: theirs, detached and compact`, async () => {
      const jwk = await signingJwk(alg);
      const jws = await new jose.FlattenedSign(DOTTED).setProtectedHeader({ alg, ...UNENCODED }).sign(await key(jwk, alg));
      const token = `${jws.protected}..${jws.signature}`;
      const verified = await ours.ask('verify', { alg, key: publicHalf(jwk), token, payload: b64(DOTTED) });
      assert.equal(verified.payload, b64(DOTTED));
    });

    test(`${alg}: ours, detached and compact`, async () => {
      const { secret, published } = await ourKeys(alg);
      const token = await ours.ask('sign', { alg, key: secret, payload: b64(DOTTED), detached: true, encoding: 'unencoded' });
      const [header, nothing, signature] = token.split('.');
      assert.equal(nothing, '');
      const jws = { protected: header, payload: DOTTED, signature };
      const verified = await jose.flattenedVerify(jws, await key(published, alg), { algorithms: [alg] });
      assert.equal(verified.protectedHeader.b64, false);
    });
  }

  test('theirs, attached and flattened', async () => {
    const jwk = await signingJwk('HS256');
    const jws = await new jose.FlattenedSign(DOTTED).setProtectedHeader({ alg: 'HS256', ...UNENCODED }).sign(await key(jwk, 'HS256'));
    const token = JSON.stringify({ ...jws, payload: '$.02' });
    assert.equal((await ours.ask('verify_json', { alg: 'HS256', key: jwk, token })).payload, b64(DOTTED));
  });

  test('ours, attached and flattened', async () => {
    const { secret } = await ourKeys('HS256');
    const signers = [{ alg: 'HS256', key: secret }];
    const token = JSON.parse(await ours.ask('sign_json', { form: 'flattened', signers, payload: b64(DOTTED), encoding: 'unencoded' }));
    assert.equal(token.payload, '$.02');
    await jose.flattenedVerify(token, await key(secret, 'HS256'));
  });

  test('ours, attached and compact, where the payload has no full stop', async () => {
    const { secret } = await ourKeys('HS256');
    const payload = text.encode('a_b~c-d');
    const token = await ours.ask('sign', { alg: 'HS256', key: secret, payload: b64(payload), encoding: 'unencoded' });
    const [header, attached, signature] = token.split('.');
    assert.equal(attached, 'a_b~c-d');
    await jose.flattenedVerify({ protected: header, payload, signature }, await key(secret, 'HS256'));
    await assert.rejects(ours.ask('sign', { alg: 'HS256', key: secret, payload: b64(DOTTED), encoding: 'unencoded' }), { refused: 'PayloadNotPlain' });
  });
});

describe('what they make and we refuse', () => {
  test('an unencoded payload where nobody asked for one', async () => {
    const jwk = await signingJwk('HS256');
    const jws = await new jose.FlattenedSign(text.encode('abc')).setProtectedHeader({ alg: 'HS256', ...UNENCODED }).sign(await key(jwk, 'HS256'));
    const token = `${jws.protected}.abc.${jws.signature}`;
    await assert.rejects(ours.ask('verify', { alg: 'HS256', key: jwk, token }), { refused: 'B64Unsupported' });
  });

  test('a JSON serialization where a compact token is expected', async () => {
    const jwk = await signingJwk('HS256');
    const jws = await new jose.FlattenedSign(PAYLOAD).setProtectedHeader({ alg: 'HS256' }).sign(await key(jwk, 'HS256'));
    await assert.rejects(ours.ask('verify', { alg: 'HS256', key: jwk, token: JSON.stringify(jws) }), { refused: 'NotCompact' });
  });
});
