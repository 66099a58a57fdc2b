"""Signatures of joserfc and jwcrypto and ours, each verified by the other (RFC 7515, 7518 section 3, 7797, 8037, 9864, 9964)."""

import json
import unittest

from ours import Refusal, ask, encoded, generated
from theirs import Joserfc, Jwcrypto, public_half, signing_jwk

PAYLOAD = b'{"sub":"ada"}'
PAYLOADS = [b"", PAYLOAD, bytes(range(256)) * 4]
DOTTED = b"$.02"  # RFC 7797 section 4.1
SEVERAL = ["RS256", "ES256", "Ed25519", "HS256"]


class Signatures:
    """What is asked of every library."""

    peer = None

    def refused(self, cause, *arguments, **fields):
        with self.assertRaises(Refusal) as refusal:
            ask(*arguments, **fields)
        self.assertEqual(refusal.exception.refused, cause)

    def test_what_they_sign_we_verify(self):
        for alg in self.peer.signatures:
            jwk = signing_jwk(alg)
            for payload in PAYLOADS:
                with self.subTest(alg=alg, length=len(payload)):
                    token = self.peer.sign(jwk, payload, {"alg": alg, "typ": "test", "kid": "k"})
                    verified = ask("verify", alg=alg, key=public_half(jwk), token=token)
                    self.assertEqual(verified, {"payload": encoded(payload), "typ": "test", "cty": None, "kid": "k"})

    def test_what_we_sign_they_verify(self):
        for alg in self.peer.signatures:
            halves = generated(alg)
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
                header, payload, signature = self.peer.sign(jwk, PAYLOAD, {"alg": alg}).split(".")
                forged = ".".join([header, "f" + payload[1:], signature])
                self.refused("SignatureInvalid", "verify", alg=alg, key=public_half(jwk), token=forged)
                with self.assertRaises(self.peer.signature_invalid):
                    self.peer.verify(alg, public_half(jwk), forged)

    def test_no_token_without_a_signature(self):
        token = self.peer.sign(signing_jwk("HS256"), b"{}", {"alg": "none"})
        for alg in self.peer.signatures:
            with self.subTest(alg=alg):
                self.refused("AlgorithmMismatch", "verify", alg=alg, key=public_half(signing_jwk(alg)), token=token)

    def test_flattened(self):
        for alg in self.peer.signatures:
            with self.subTest(alg=alg):
                jwk = signing_jwk(alg)
                signer = (jwk, {"alg": alg, "kid": "k", "typ": "test"}, {"cty": "json"})
                token = self.peer.sign_json([signer], PAYLOAD, flattened=True)
                self.assertIn("signature", token)
                verified = ask("verify_json", alg=alg, key=public_half(jwk), token=json.dumps(token))
                # Their cty is not protected: nothing to rely on afterwards.
                self.assertEqual(verified, {"payload": encoded(PAYLOAD), "typ": "test", "cty": None, "kid": "k"})

                halves = generated(alg)
                signers = [{"alg": alg, "key": halves["private"], "header": {"cty": "json"}}]
                token = json.loads(ask("sign_json", form="flattened", signers=signers, payload=encoded(PAYLOAD)))
                self.assertEqual(self.peer.verify_json([(alg, halves["public"] or halves["private"])], token), PAYLOAD)

    def test_several_signatures_of_theirs(self):
        signers = [(signing_jwk(alg), {"alg": alg, "kid": f"{alg} key"}, {"note": "anything"}) for alg in SEVERAL]
        if self.peer is Joserfc:  # it knows which members a header may have
            signers = [(jwk, protected, {"cty": "json"}) for jwk, protected, _ in signers]
        token = json.dumps(self.peer.sign_json(signers, PAYLOAD, flattened=False))
        for alg in SEVERAL:
            with self.subTest(alg=alg):
                verified = ask("verify_json", alg=alg, key=public_half(signing_jwk(alg)), token=token)
                self.assertEqual((verified["payload"], verified["kid"]), (encoded(PAYLOAD), f"{alg} key"))

    def test_several_signatures_of_ours(self):
        halves = {alg: generated(alg) for alg in SEVERAL}
        signers = [{"alg": alg, "key": halves[alg]["private"]} for alg in SEVERAL]
        token = json.loads(ask("sign_json", form="general", signers=signers, payload=encoded(PAYLOAD)))
        keys = [(alg, halves[alg]["public"] or halves[alg]["private"]) for alg in SEVERAL]
        self.assertEqual(self.peer.verify_json(keys, token), PAYLOAD)

    def test_detached_payload(self):
        for alg in self.peer.signatures:
            with self.subTest(alg=alg):
                jwk = signing_jwk(alg)
                header, _, signature = self.peer.sign(jwk, PAYLOAD, {"alg": alg}).split(".")
                request = {"alg": alg, "key": public_half(jwk), "token": f"{header}..{signature}"}
                self.assertEqual(ask("verify", **request, payload=encoded(PAYLOAD))["payload"], encoded(PAYLOAD))
                self.refused("SignatureInvalid", "verify", **request, payload=encoded(DOTTED))

                halves = generated(alg)
                token = ask("sign", alg=alg, key=halves["private"], payload=encoded(PAYLOAD), detached=True)
                self.assertIn("..", token)
                verified, _ = self.peer.verify(alg, halves["public"] or halves["private"], token, PAYLOAD)
                self.assertEqual(verified, PAYLOAD)

    def test_unencoded_payload(self):
        for alg in self.peer.signatures:
            with self.subTest(alg=alg):
                jwk = signing_jwk(alg)
                token = self.peer.sign(jwk, b"abc", {"alg": alg, "b64": False, "crit": ["b64"]})
                request = {"alg": alg, "key": public_half(jwk), "token": token}
                self.assertEqual(ask("verify", **request, encoding="unencoded")["payload"], encoded(b"abc"))
                self.refused("B64Unsupported", "verify", **request)

                halves = generated(alg)
                fields = {"alg": alg, "key": halves["private"], "encoding": "unencoded"}
                verifying = halves["public"] or halves["private"]
                if self.peer.reads_unencoded_compact:
                    token = ask("sign", **fields, payload=encoded(b"abc"))
                    self.assertEqual(self.peer.verify(alg, verifying, token)[0], b"abc")
                token = ask("sign", **fields, payload=encoded(DOTTED), detached=True)
                self.assertEqual(self.peer.verify(alg, verifying, token, DOTTED)[0], DOTTED)

    def test_unencoded_payload_in_json(self):
        jwk = signing_jwk("HS256")
        protected = {"alg": "HS256", "kid": "k", "b64": False, "crit": ["b64"]}
        token = self.peer.sign_json([(jwk, protected, {"cty": "text"})], DOTTED.decode(), flattened=True)
        self.assertEqual(token["payload"], "$.02")
        verified = ask("verify_json", alg="HS256", key=jwk, token=json.dumps(token))
        self.assertEqual(verified["payload"], encoded(DOTTED))

        secret = generated("HS256")["private"]
        signers = [{"alg": "HS256", "key": secret}]
        token = ask("sign_json", form="flattened", signers=signers, payload=encoded(DOTTED), encoding="unencoded")
        verified = self.peer.verify_json([("HS256", secret)], json.loads(token))
        self.assertIn(verified, (DOTTED, DOTTED.decode()))


class JoserfcSignatures(Signatures, unittest.TestCase):
    peer = Joserfc


class JwcryptoSignatures(Signatures, unittest.TestCase):
    peer = Jwcrypto
