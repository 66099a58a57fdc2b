"""Keys in all their formats, exchanged with joserfc and jwcrypto (RFC 7517, 7638, 9278, 7468, 9964)."""

import json
import unittest

import joserfc.jwk
import jwcrypto.jwk

from ours import Refusal, ask, encoded, generated
from theirs import ML_DSA, Joserfc, Jwcrypto, curve_jwk, ml_dsa_jwk, public_half, rsa_jwk, secret_jwk

CURVES = ["P-256", "P-384", "P-521", "Ed25519", "X25519"]
THUMBPRINT_URI = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
PASSWORD = b"Thus from my lips, by yours, my sin is purged."
# What is said about a key and is not the key.
SAID = ("alg", "kid", "use", "key_ops")


def material(jwk):
    """What makes the key what it is; of an ML-DSA key alg is a part (RFC 9964 section 3)."""
    return {name: value for name, value in jwk.items() if name not in SAID or (name, jwk["kty"]) == ("alg", "AKP")}


def our_pairs(ml_dsa):
    """Key pairs of ours of every type."""
    names = [("RS256", None), ("ES256", None), ("ES384", None), ("ES512", None), ("Ed25519", None), ("ECDH-ES", "P-521")]
    for alg, curve in [*names, ("ECDH-ES", "X25519"), *((alg, None) for alg in ml_dsa)]:
        yield alg, generated(alg, curve)


class Keys:
    """What is asked of every library."""

    peer = None
    ml_dsa = []

    def refused(self, cause, *arguments, **fields):
        with self.assertRaises(Refusal) as refusal:
            ask(*arguments, **fields)
        self.assertEqual(refusal.exception.refused, cause)

    def their_pairs(self):
        yield "RSA", rsa_jwk()
        for curve in CURVES:
            yield curve, curve_jwk(curve)
        for alg in self.ml_dsa:
            yield alg, ml_dsa_jwk(alg)

    def test_a_jwk_of_theirs_comes_back_from_us_as_it_was(self):
        for name, jwk in self.their_pairs():
            with self.subTest(name):
                self.assertEqual(material(ask("private", key=jwk)), jwk)
                self.assertEqual(material(ask("public", key=jwk)), public_half(jwk))

    def test_a_jwk_of_ours_comes_back_from_them_as_it_was(self):
        for alg, halves in our_pairs(self.ml_dsa):
            with self.subTest(alg):
                self.assertEqual(material(self.export(halves["private"])), material(halves["private"]))
                self.assertEqual(material(self.export(halves["public"])), material(halves["public"]))

    def test_both_name_a_key_the_same(self):
        for name, jwk in [*self.their_pairs(), ("oct", secret_jwk("oct", 32))]:
            with self.subTest(name):
                thumbprint, uri = self.thumbprint(jwk)
                self.assertEqual(uri, THUMBPRINT_URI + thumbprint)
                self.assertEqual(ask("thumbprint", key=jwk), {"thumbprint": thumbprint, "uri": uri})

    def test_pem_of_theirs(self):
        for name, jwk in self.their_pairs():
            with self.subTest(name):
                secret, public = self.to_pem(jwk)
                self.assertEqual(material(ask("from_pem", pem=secret)), jwk)
                self.assertEqual(material(ask("from_pem", pem=public)), public_half(jwk))
                # One structure has one spelling (X.690 section 11).
                self.assertEqual(ask("to_pem", key=jwk, format="spki"), public)

    def test_pem_of_ours(self):
        for alg, halves in our_pairs(self.ml_dsa):
            with self.subTest(alg):
                for format, half in [("pkcs8", "private"), ("spki", "public")]:
                    pem = ask("to_pem", key=halves["private"], format=format)
                    self.assertEqual(material(self.from_pem(pem, halves[half]["kty"])), material(halves[half]))

    def test_a_private_key_under_a_password(self):
        jwk, alg, enc = rsa_jwk(), "PBES2-HS256+A128KW", "A128CBC-HS256"
        header = {"alg": alg, "enc": enc, "cty": "jwk+json"}
        token = self.peer.encrypt(self.peer.password(PASSWORD), json.dumps(jwk).encode(), header)
        opened = ask("open_key", token=token, alg=alg, enc=enc, password=encoded(PASSWORD))
        self.assertEqual(material(opened), jwk)

        token = ask("seal_key", key=jwk, alg=alg, enc=enc, password=encoded(PASSWORD), count=4096)
        opened, header = self.peer.decrypt(alg, enc, self.peer.password(PASSWORD), token)
        self.assertEqual(header["cty"], "jwk+json")
        self.assertEqual(material(json.loads(opened)), jwk)

    def test_no_curve_that_is_not_ours(self):
        for jwk in self.foreign:
            with self.subTest(jwk["crv"]):
                self.refused("CurveUnsupported", "private", key=jwk)
                with self.assertRaises(Refusal):
                    ask("from_pem", pem=self.to_pem(jwk)[0])


class JoserfcKeys(Keys, unittest.TestCase):
    peer = Joserfc
    foreign = [curve_jwk("Ed448"), curve_jwk("X448"), joserfc.jwk.ECKey.generate_key("secp256k1").as_dict(private=True)]

    def export(self, jwk):
        key = joserfc.jwk.import_key(jwk)
        return key.as_dict(private=key.is_private)

    def thumbprint(self, jwk):
        key = joserfc.jwk.import_key(jwk)
        return key.thumbprint(), key.thumbprint_uri()

    def to_pem(self, jwk):
        key = joserfc.jwk.import_key(jwk)
        return [key.as_pem(private=private).decode() for private in (True, False)]

    def from_pem(self, pem, kind):
        key = joserfc.jwk.import_key(pem, kind)
        return key.as_dict(private=key.is_private)

    def test_no_secret_shorter_than_the_hash(self):
        short = {"kty": "oct", "k": encoded(bytes(31))}
        token = self.peer.sign(short, b"{}", {"alg": "HS256"})
        self.refused("HmacKeyTooShort", "verify", alg="HS256", key=short, token=token)


class JwcryptoKeys(Keys, unittest.TestCase):
    peer = Jwcrypto
    ml_dsa = ML_DSA
    foreign = [jwcrypto.jwk.JWK.generate(kty="OKP", crv="Ed448").export(as_dict=True)]

    def export(self, jwk):
        return jwcrypto.jwk.JWK(**jwk).export(as_dict=True, private_key="d" in jwk or "priv" in jwk)

    def thumbprint(self, jwk):
        key = jwcrypto.jwk.JWK(**jwk)
        return key.thumbprint(), key.thumbprint_uri()

    def to_pem(self, jwk):
        key = jwcrypto.jwk.JWK(**jwk)
        return [key.export_to_pem(private_key=private, password=None).decode() for private in (True, False)]

    def from_pem(self, pem, kind):
        key = jwcrypto.jwk.JWK.from_pem(pem.encode())
        return key.export(as_dict=True, private_key=key.has_private)
