"""Encryption by joserfc and jwcrypto and by us, each decrypted by the other (RFC 7516, 7518 sections 4 and 5, 8037 section 3.2)."""

import json
import unittest

from ours import Refusal, ask, decoded, encoded, generated
from theirs import Joserfc, Jwcrypto, curve_jwk, encryption_jwk, public_half, signing_jwk

CURVES = ["P-256", "P-384", "P-521", "X25519"]
AGREEMENTS = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"]
VARIANTS = [
    *((alg, None) for alg in [
        "dir", "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW", "RSA-OAEP", "RSA-OAEP-256",
        "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW",
    ]),
    *((alg, curve) for alg in AGREEMENTS for curve in CURVES),
]
ALONE = [("dir", None), ("ECDH-ES", "P-256"), ("ECDH-ES", "X25519")]
TOGETHER = [
    ("A128KW", None), ("A256GCMKW", None), ("RSA-OAEP", None), ("RSA-OAEP-256", None), ("ECDH-ES+A128KW", "P-256"),
    ("ECDH-ES+A256KW", "X25519"), ("PBES2-HS512+A256KW", None),
]
PLAINTEXT = b'{"sub":"ada"}'
PLAINTEXTS = [b"", PLAINTEXT, bytes(range(256)) * 4]
LONG = PLAINTEXT * 500
AAD = b'["vcard",[["version",{},"text","4.0"]]]'  # RFC 7520 section 5.10, shortened
PASSWORD = "Entrap_o\N{EN DASH}peter_long\N{EN DASH}credit_tun".encode()  # RFC 7520 section 5.3: not only ASCII
COUNT = 4096  # iterations of PBES2 where the default is not what is tested


class Encryption:
    """What is asked of every library."""

    peer = None

    def refused(self, cause, *arguments, **fields):
        with self.assertRaises(Refusal) as refusal:
            ask(*arguments, **fields)
        self.assertEqual(refusal.exception.refused, cause)

    def their_keys(self, alg, enc, curve):
        """A key of theirs: what they encrypt with, what we decrypt with."""
        if alg.startswith("PBES2"):
            return self.peer.password(PASSWORD), {"password": encoded(PASSWORD)}
        jwk = encryption_jwk(alg, enc, curve)
        return self.peer.key(public_half(jwk)), {"key": jwk}

    def our_keys(self, alg, enc, curve):
        """A key of ours: what we encrypt with, what they decrypt with."""
        if alg.startswith("PBES2"):
            return {"password": encoded(PASSWORD), "count": COUNT}, self.peer.password(PASSWORD)
        halves = generated(enc if alg == "dir" else alg, curve)
        bare = {name: value for name, value in halves["private"].items() if name not in ("alg", "use", "key_ops", "kid")}
        return {"key": halves["public"] or halves["private"]}, self.peer.key(bare)

    def test_what_they_encrypt_we_decrypt(self):
        for alg, curve in VARIANTS:
            for enc in self.peer.encryptions:
                theirs, ours = self.their_keys(alg, enc, curve)
                for plaintext in PLAINTEXTS:
                    with self.subTest(alg=alg, curve=curve, enc=enc, length=len(plaintext)):
                        header = {"alg": alg, "enc": enc, "typ": "test", "cty": "octets", "kid": "k"}
                        token = self.peer.encrypt(theirs, plaintext, header)
                        decrypted = ask("decrypt", alg=alg, enc=enc, **ours, token=token)
                        expected = {"plaintext": encoded(plaintext), "typ": "test", "cty": "octets", "kid": "k"}
                        self.assertEqual(decrypted, expected)

    def test_what_we_encrypt_they_decrypt(self):
        for alg, curve in VARIANTS:
            for enc in self.peer.encryptions:
                ours, theirs = self.our_keys(alg, enc, curve)
                for plaintext in PLAINTEXTS:
                    if not plaintext and not self.peer.reads_empty_plaintext:
                        continue
                    with self.subTest(alg=alg, curve=curve, enc=enc, length=len(plaintext)):
                        token = ask("encrypt", alg=alg, enc=enc, **ours, plaintext=encoded(plaintext), typ="test")
                        decrypted, header = self.peer.decrypt(alg, enc, theirs, token)
                        self.assertEqual(decrypted, plaintext)
                        self.assertEqual((header["alg"], header["enc"], header["typ"]), (alg, enc, "test"))

    def test_passwords_stretched_as_often_as_we_do_it(self):
        for alg, _ in VARIANTS:
            if not alg.startswith("PBES2"):
                continue
            with self.subTest(alg=alg):
                token = ask("encrypt", alg=alg, enc="A256GCM", password=encoded(PASSWORD), plaintext=encoded(PLAINTEXT))
                count = json.loads(decoded(token.split(".")[0]))["p2c"]
                if count <= self.peer.max_count:
                    decrypted, _ = self.peer.decrypt(alg, "A256GCM", self.peer.password(PASSWORD), token)
                    self.assertEqual(decrypted, PLAINTEXT)

    def test_flattened(self):
        for alg, curve in [*ALONE, *TOGETHER]:
            for aad in (None, AAD):
                with self.subTest(alg=alg, curve=curve, aad=aad):
                    enc = "A128CBC-HS256"
                    theirs, ours = self.their_keys(alg, enc, curve)
                    token = self.peer.encrypt_json([(theirs, {"alg": alg})], enc, PLAINTEXT, aad, flattened=True)
                    decrypted = ask("decrypt_json", alg=alg, enc=enc, **ours, token=json.dumps(token))
                    self.assertEqual(decrypted["plaintext"], encoded(PLAINTEXT))
                    self.assertEqual(decrypted["aad"], aad and encoded(aad))
                    forged = json.dumps({**token, "aad": encoded(b"[]")})
                    self.refused("DecryptionFailed", "decrypt_json", alg=alg, enc=enc, **ours, token=forged)

                    ours, theirs = self.our_keys(alg, enc, curve)
                    fields = {"aad": encoded(aad)} if aad else {}
                    recipients = [{"alg": alg, **ours}]
                    token = ask(
                        "encrypt_json", form="flattened", enc=enc, recipients=recipients, plaintext=encoded(PLAINTEXT), **fields
                    )
                    self.assertEqual(self.peer.decrypt_json(alg, enc, theirs, json.loads(token)), (PLAINTEXT, aad))

    def test_several_recipients_of_theirs(self):
        enc = "A128CBC-HS256"
        keys = [(alg, *self.their_keys(alg, enc, curve)) for alg, curve in TOGETHER]
        recipients = [(theirs, {"alg": alg}) for alg, theirs, _ in keys]
        token = json.dumps(self.peer.encrypt_json(recipients, enc, PLAINTEXT, AAD, flattened=False))
        for alg, _, ours in keys:
            with self.subTest(alg=alg):
                decrypted = ask("decrypt_json", alg=alg, enc=enc, **ours, token=token)
                self.assertEqual((decrypted["plaintext"], decrypted["aad"]), (encoded(PLAINTEXT), encoded(AAD)))

    def test_several_recipients_of_ours(self):
        enc = "A128CBC-HS256"
        keys = [(alg, *self.our_keys(alg, enc, curve)) for alg, curve in TOGETHER]
        recipients = [{"alg": alg, **ours} for alg, ours, _ in keys]
        token = json.loads(
            ask("encrypt_json", form="general", enc=enc, recipients=recipients, plaintext=encoded(PLAINTEXT), aad=encoded(AAD))
        )
        for index, (alg, _, theirs) in enumerate(keys):
            with self.subTest(alg=alg):
                # One recipient at a time: joserfc wants a key that fits each it is shown.
                alone = {**token, "recipients": [token["recipients"][index]]}
                self.assertEqual(self.peer.decrypt_json(alg, enc, theirs, alone), (PLAINTEXT, AAD))

    def test_who_sends_and_who_receives_is_bound_to_the_agreed_key(self):
        apu, apv = encoded(b"Alice"), encoded(b"Bob")  # RFC 7518 appendix C
        for alg in AGREEMENTS:
            for curve in CURVES:
                with self.subTest(alg=alg, curve=curve):
                    theirs, ours = self.their_keys(alg, "A128GCM", curve)
                    header = {"alg": alg, "enc": "A128GCM", "apu": apu, "apv": apv}
                    token = self.peer.encrypt(theirs, PLAINTEXT, header)
                    decrypted = ask("decrypt", alg=alg, enc="A128GCM", **ours, token=token)
                    self.assertEqual(decrypted["plaintext"], encoded(PLAINTEXT))

                    ours, theirs = self.our_keys(alg, "A128GCM", curve)
                    token = ask(
                        "encrypt", alg=alg, enc="A128GCM", **ours, plaintext=encoded(PLAINTEXT), apu=apu, apv=apv
                    )
                    decrypted, header = self.peer.decrypt(alg, "A128GCM", theirs, token)
                    self.assertEqual((decrypted, header["apu"], header["apv"]), (PLAINTEXT, apu, apv))

    def test_compressed(self):
        for enc in self.peer.encryptions:
            with self.subTest(enc=enc):
                theirs, ours = self.their_keys("dir", enc, None)
                token = self.peer.encrypt(theirs, LONG, {"alg": "dir", "enc": enc, "zip": "DEF"})
                request = {"alg": "dir", "enc": enc, **ours, "token": token}
                self.assertEqual(ask("decrypt", **request, zip=True)["plaintext"], encoded(LONG))
                self.refused("ZipUnsupported", "decrypt", **request)

                ours, theirs = self.our_keys("dir", enc, None)
                token = ask("encrypt", alg="dir", enc=enc, **ours, plaintext=encoded(LONG), zip=True)
                self.assertLess(len(token), 500)
                self.assertEqual(self.peer.decrypt("dir", enc, theirs, token)[0], LONG)

    def test_no_rsa1_5(self):
        jwk = encryption_jwk("RSA-OAEP", None)
        token = self.peer.encrypt(self.peer.key(public_half(jwk)), PLAINTEXT, {"alg": "RSA1_5", "enc": "A128CBC-HS256"})
        for alg in ("RSA-OAEP", "RSA-OAEP-256"):
            self.refused("AlgorithmMismatch", "decrypt", alg=alg, enc="A128CBC-HS256", key=jwk, token=token)

    def test_no_secret_of_another_length(self):
        for alg in ("A128KW", "A256GCMKW"):
            theirs, _ = self.their_keys(alg, None, None)
            token = self.peer.encrypt(theirs, PLAINTEXT, {"alg": alg, "enc": "A128GCM"})
            short = {"kty": "oct", "k": encoded(bytes(15))}
            self.refused("KeyLength", "decrypt", alg=alg, enc="A128GCM", key=short, token=token)

    def test_a_signed_token_inside_an_encrypted_one(self):
        signer, (theirs, ours) = signing_jwk("ES256"), self.their_keys("ECDH-ES+A128KW", None, "P-256")
        claims = {"iss": "https://id.example", "aud": "https://api.example", "sub": "ada", "exp": 1_800_000_000}
        inner = self.peer.sign(signer, json.dumps(claims).encode(), {"alg": "ES256", "typ": "JWT"})
        outer = {"alg": "ECDH-ES+A128KW", "enc": "A128GCM", "cty": "JWT"}
        nested = {
            "sign": {"alg": "ES256", "key": public_half(signer)},
            "encrypt": {"alg": outer["alg"], "enc": outer["enc"], **ours},
            "now": 1_799_999_000,
            "iss": claims["iss"],
            "aud": claims["aud"],
            "typ": "JWT",
        }
        token = self.peer.encrypt(theirs, inner.encode(), outer)
        self.assertEqual(ask("decrypt_then_verify", **nested, token=token), claims)
        unsigned = self.peer.encrypt(theirs, json.dumps(claims).encode(), outer)
        with self.assertRaises(Refusal):
            ask("decrypt_then_verify", **nested, token=unsigned)

        halves, (ours, theirs) = generated("ES256"), self.our_keys("ECDH-ES+A128KW", "A128GCM", "P-256")
        token = ask(
            "sign_then_encrypt",
            sign={"alg": "ES256", "key": halves["private"]},
            encrypt={"alg": outer["alg"], "enc": outer["enc"], **ours},
            claims=claims,
            typ="JWT",
        )
        inner, header = self.peer.decrypt(outer["alg"], outer["enc"], theirs, token)
        self.assertEqual(header["cty"], "JWT")
        payload, _ = self.peer.verify("ES256", halves["public"], inner.decode())
        self.assertEqual(json.loads(payload), claims)


class JoserfcEncryption(Encryption, unittest.TestCase):
    peer = Joserfc

    def test_a_recipient_of_theirs_on_a_curve_we_have_not_is_no_obstacle(self):
        enc, theirs = "A128GCM", encryption_jwk("A128KW", None)
        recipients = [
            (self.peer.key(public_half(curve_jwk("X448"))), {"alg": "ECDH-ES+A128KW"}),
            (self.peer.key(public_half(encryption_jwk("RSA-OAEP", None))), {"alg": "RSA1_5"}),
            (self.peer.key(theirs), {"alg": "A128KW"}),
        ]
        token = json.dumps(self.peer.encrypt_json(recipients, enc, PLAINTEXT, None, flattened=False))
        decrypted = ask("decrypt_json", alg="A128KW", enc=enc, key=theirs, token=token)
        self.assertEqual(decrypted["plaintext"], encoded(PLAINTEXT))


class JwcryptoEncryption(Encryption, unittest.TestCase):
    peer = Jwcrypto
