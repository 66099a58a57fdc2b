"""APIs in Python: PyJWT with its key client, and Authlib's resource protector (RFC 9068)."""

import types
import unittest

import jwt
import requests
from authlib.oauth2.rfc6749 import ResourceProtector
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwk

from world import METADATA, WORLD, session, sign_in

AUDIENCE = WORLD["api"]["id"]


class PyJwt(unittest.TestCase):
    keys = jwt.PyJWKClient(METADATA["jwks_uri"])

    def read(self, token):
        key = self.keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=WORLD["issuer"])

    def test_a_token_of_ours_is_read(self):
        tokens, claims = sign_in(session("web"))
        self.assertEqual(self.read(tokens["access_token"])["sub"], claims["sub"])

    def test_an_id_token_is_none(self):
        tokens, _ = sign_in(session("web"))
        with self.assertRaises(jwt.InvalidAudienceError):
            self.read(tokens["id_token"])

    def test_what_is_for_others_forged_or_old_is_refused(self):
        for fault, why in {
            "expired": jwt.ExpiredSignatureError,
            "other_audience": jwt.InvalidAudienceError,
            "foreign_issuer": jwt.PyJWKClientError,
            "foreign_key": jwt.InvalidSignatureError,
            "unsigned": jwt.PyJWTError,
        }.items():
            with self.subTest(fault), self.assertRaises(why):
                self.read(WORLD["refused"][fault])


class Validator(JWTBearerTokenValidator):
    """As the manual has it: the keys of the issuer, and nothing more."""

    def get_jwks(self):
        return jwk.KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=10).json())


class Authlib(unittest.TestCase):
    def setUp(self):
        self.protector = ResourceProtector()
        self.protector.register_token_validator(Validator(issuer=WORLD["issuer"], resource_server=AUDIENCE))

    def call(self, token, scopes=("read:dragons",)):
        request = types.SimpleNamespace(headers={"Authorization": f"Bearer {token}"})
        return self.protector.validate_request(list(scopes), request)

    def test_a_token_of_ours_is_let_in_for_its_scope(self):
        tokens, claims = sign_in(session("web"))
        self.assertEqual(self.call(tokens["access_token"])["sub"], claims["sub"])
        with self.assertRaises(OAuth2Error) as refusal:
            self.call(tokens["access_token"], ["write:dragons"])
        self.assertEqual(refusal.exception.error, "insufficient_scope")

    def test_what_is_for_others_forged_or_old_is_refused(self):
        tokens, _ = sign_in(session("web"))
        for fault, token in {**WORLD["refused"], "an ID token": tokens["id_token"]}.items():
            with self.subTest(fault), self.assertRaises(OAuth2Error) as refusal:
                self.call(token)
            self.assertEqual(refusal.exception.error, "invalid_token")
