"""The two Python libraries behind one face, and keys of theirs, made once per run."""

import functools
import json
import warnings

import joserfc.errors
import joserfc.jwk
import joserfc.jws
import jwcrypto.common
import jwcrypto.jwk
import jwcrypto.jws

# joserfc warns of EdDSA (RFC 9864 prefers Ed25519); both names are what is tested here.
warnings.simplefilter("ignore", joserfc.errors.SecurityWarning)

SIGNATURES = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA",
]
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


@functools.cache
def rsa_jwk():
    return joserfc.jwk.RSAKey.generate_key(2048, private=True).as_dict(private=True)


@functools.cache
def signing_jwk(alg):
    """A private JWK of theirs, without alg, use and kid."""
    if alg in _CURVES:
        return joserfc.jwk.ECKey.generate_key(_CURVES[alg], private=True).as_dict(private=True)
    if alg.startswith("HS"):
        return joserfc.jwk.OctKey.generate_key(int(alg[2:])).as_dict(private=True)
    if alg in ("EdDSA", "Ed25519"):
        return joserfc.jwk.OKPKey.generate_key("Ed25519", private=True).as_dict(private=True)
    return rsa_jwk()


def public_half(jwk):
    """The public half; a shared secret is its own."""
    return {name: value for name, value in jwk.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "priv")}


class Joserfc:
    signatures = [alg for alg in SIGNATURES if alg in joserfc.jws.JWSRegistry.algorithms]
    signature_invalid = joserfc.errors.BadSignatureError

    @staticmethod
    def sign(jwk, payload, header):
        return joserfc.jws.serialize_compact(header, payload, joserfc.jwk.import_key(jwk), algorithms=[header["alg"]])

    @staticmethod
    def verify(alg, jwk, token):
        verified = joserfc.jws.deserialize_compact(token, joserfc.jwk.import_key(jwk), algorithms=[alg])
        return verified.payload, verified.headers()


class Jwcrypto:
    signatures = SIGNATURES
    signature_invalid = jwcrypto.jws.InvalidJWSSignature

    @staticmethod
    def sign(jwk, payload, header):
        token = jwcrypto.jws.JWS(payload)
        token.allowed_algs = [header["alg"]]
        token.add_signature(jwcrypto.jwk.JWK(**jwk), protected=json.dumps(header))
        return token.serialize(compact=True)

    @staticmethod
    def verify(alg, jwk, token):
        verified = jwcrypto.jws.JWS()
        verified.allowed_algs = [alg]
        verified.deserialize(token)
        verified.verify(jwcrypto.jwk.JWK(**jwk), alg)
        return verified.payload, verified.jose_header
