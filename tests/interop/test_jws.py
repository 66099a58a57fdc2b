"""Signatures of joserfc and jwcrypto and ours, each verified by the other (RFC 7515, 7518 section 3, 8037, 9864, 9964)."""

import unittest

from ours import Refusal, ask, encoded
from theirs import Joserfc, Jwcrypto, public_half, signing_jwk

PAYLOADS = [b"", b'{"sub":"ada"}', bytes(range(256)) * 4]


class Signatures:
    """What is asked of every library."""

    peer = None

    def test_what_they_sign_we_verify(self):
        for alg in self.peer.signatures:
            jwk = signing_jwk(alg)
            for payload in PAYLOADS:
                with self.subTest(alg=alg, length=len(payload)):
                    token = self.peer.sign(jwk, payload, {"alg": alg, "typ": "test", "kid": "k"})
                    verified = ask("verify", alg=alg, key=public_half(jwk), token=token)
                    self.assertEqual(verified, {"payload": encoded(payload), "typ": "test", "kid": "k"})

    def test_what_we_sign_they_verify(self):
        for alg in self.peer.signatures:
            halves = ask("generate", alg=alg)
            for payload in PAYLOADS:
                with self.subTest(alg=alg, length=len(payload)):
                    token = ask("sign", alg=alg, key=halves["private"], payload=encoded(payload), typ="test")
                    verified, header = self.peer.verify(alg, halves["public"] or halves["private"], token)
                    self.assertEqual(verified, payload)
                    self.assertEqual(header, {"alg": alg, "kid": halves["private"]["kid"], "typ": "test"})

    def test_one_signed_byte_changed_and_neither_believes_the_other(self):
        for alg in self.peer.signatures:
            with self.subTest(alg=alg):
                jwk = signing_jwk(alg)
                header, payload, signature = self.peer.sign(jwk, b'{"sub":"ada"}', {"alg": alg}).split(".")
                forged = ".".join([header, "f" + payload[1:], signature])
                with self.assertRaises(Refusal) as refusal:
                    ask("verify", alg=alg, key=public_half(jwk), token=forged)
                self.assertEqual(refusal.exception.refused, "SignatureInvalid")
                with self.assertRaises(self.peer.signature_invalid):
                    self.peer.verify(alg, public_half(jwk), forged)

    def test_no_token_without_a_signature(self):
        token = self.peer.sign(signing_jwk("HS256"), b"{}", {"alg": "none"})
        for alg in self.peer.signatures:
            with self.subTest(alg=alg), self.assertRaises(Refusal) as refusal:
                ask("verify", alg=alg, key=public_half(signing_jwk(alg)), token=token)
            self.assertEqual(refusal.exception.refused, "AlgorithmMismatch")


class JoserfcSignatures(Signatures, unittest.TestCase):
    peer = Joserfc


class JwcryptoSignatures(Signatures, unittest.TestCase):
    peer = Jwcrypto
