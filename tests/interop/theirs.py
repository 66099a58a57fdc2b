"""The two Python libraries behind one face, and keys of theirs, made once per run."""

import functools
import json
import secrets
import warnings

import joserfc.errors
import joserfc.jwe
import joserfc.jwk
import joserfc.jws
import jwcrypto.common
import jwcrypto.jwa
import jwcrypto.jwe
import jwcrypto.jwk
import jwcrypto.jws

from ours import encoded

# joserfc warns of EdDSA (RFC 9864 prefers Ed25519), of RSA1_5 and of none; all three are meant here.
warnings.simplefilter("ignore", joserfc.errors.SecurityWarning)
# What one attempt at a password should cost today is more than jwcrypto accepts by default.
jwcrypto.jwa.default_max_pbkdf2_iterations = 1_200_000

ML_DSA = ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]
SIGNATURES = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "EdDSA", "Ed25519", *ML_DSA,
]
CONTENT_KEY_BYTES = {
    "A128GCM": 16, "A192GCM": 24, "A256GCM": 32, "A128CBC-HS256": 32, "A192CBC-HS384": 48, "A256CBC-HS512": 64,
}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


@functools.cache
def rsa_jwk():
    return joserfc.jwk.RSAKey.generate_key(2048, private=True).as_dict(private=True)


@functools.cache
def curve_jwk(curve):
    kind = joserfc.jwk.ECKey if curve.startswith("P-") else joserfc.jwk.OKPKey
    return kind.generate_key(curve, private=True).as_dict(private=True)


@functools.cache
def secret_jwk(name, length):
    """The same for the same name."""
    return {"kty": "oct", "k": encoded(secrets.token_bytes(length))}


@functools.cache
def ml_dsa_jwk(alg):
    jwk = jwcrypto.jwk.JWK.generate(kty="AKP", alg=alg).export(as_dict=True)
    return {name: jwk[name] for name in ("kty", "alg", "pub", "priv")}


def signing_jwk(alg):
    """A private JWK of theirs, without alg (but for ML-DSA, whose keys must have it), use and kid."""
    if alg in ML_DSA:
        return ml_dsa_jwk(alg)
    if alg.startswith("HS"):
        return secret_jwk(alg, int(alg[2:]) // 8)
    if alg.startswith("E"):
        return curve_jwk(_CURVES.get(alg, "Ed25519"))
    return rsa_jwk()


def encryption_jwk(alg, enc, curve=None):
    """The same for an alg of JWE; PBES2 takes passwords."""
    if alg == "dir":
        return secret_jwk(enc, CONTENT_KEY_BYTES[enc])
    if alg.startswith("RSA"):
        return rsa_jwk()
    if alg.startswith("ECDH"):
        return curve_jwk(curve)
    return secret_jwk(alg, int(alg[1:4]) // 8)


def public_half(jwk):
    """The public half; a shared secret is its own."""
    return {name: value for name, value in jwk.items() if name not in ("d", "p", "q", "dp", "dq", "qi", "priv")}


def _prepared(kind):
    """Keys by their JWK, each prepared once: checking an RSA key takes longer than using it."""
    known = {}

    def prepare(jwk):
        name = json.dumps(jwk, sort_keys=True)
        if name not in known:
            known[name] = kind(jwk)
        return known[name]

    return prepare


class Joserfc:
    signatures = [alg for alg in SIGNATURES if alg in joserfc.jws.JWSRegistry.algorithms]
    # What it does not know is left out; that must not become everything.
    assert set(SIGNATURES) - set(signatures) <= set(ML_DSA), signatures
    # It wants `alg` and `enc` in one list.
    encryptions = list(CONTENT_KEY_BYTES)
    signature_invalid = joserfc.errors.BadSignatureError
    # Its bound cannot be moved.
    max_count = 300_000
    reads_empty_plaintext = True
    reads_unencoded_compact = True
    key = staticmethod(_prepared(joserfc.jwk.import_key))

    @staticmethod
    def sign(jwk, payload, header):
        return joserfc.jws.serialize_compact(header, payload, Joserfc.key(jwk), algorithms=[header["alg"]])

    @staticmethod
    def verify(alg, jwk, token, payload=None):
        key = Joserfc.key(jwk)
        verified = joserfc.jws.deserialize_compact(token, key, algorithms=[alg], payload=payload)
        return verified.payload, verified.headers()

    @staticmethod
    def sign_json(signers, payload, flattened):
        """Signers are JWK, protected and unprotected header."""
        members = [{"protected": protected, "header": header} for _, protected, header in signers]
        keys = {protected["kid"]: Joserfc.key(jwk) for jwk, protected, _ in signers}
        algorithms = [protected["alg"] for _, protected, _ in signers]
        return joserfc.jws.serialize_json(
            members[0] if flattened else members, payload, lambda member: keys[member.headers()["kid"]], algorithms
        )

    @staticmethod
    def verify_json(alg_jwks, token):
        """Each signature with its own key, as this library wants it."""
        algorithms = [alg for alg, _ in alg_jwks]
        keys = {alg: Joserfc.key(jwk) for alg, jwk in alg_jwks}
        return joserfc.jws.deserialize_json(token, lambda member: keys[member.headers()["alg"]], algorithms).payload

    @staticmethod
    def password(password):
        return joserfc.jwk.OctKey.import_key(password)

    @staticmethod
    def encrypt(key, plaintext, header):
        return joserfc.jwe.encrypt_compact(header, plaintext, key, algorithms=_names(header))

    @staticmethod
    def decrypt(alg, enc, key, token):
        decrypted = joserfc.jwe.decrypt_compact(token, key, algorithms=[alg, enc, "DEF"])
        return decrypted.plaintext, decrypted.headers()

    @staticmethod
    def encrypt_json(recipients, enc, plaintext, aad, flattened):
        """Recipients are key and header."""
        kind = joserfc.jwe.FlattenedJSONEncryption if flattened else joserfc.jwe.GeneralJSONEncryption
        message = kind({"enc": enc}, plaintext, aad=aad)
        for key, header in recipients:
            message.add_recipient(header, key)
        return joserfc.jwe.encrypt_json(message, None, algorithms=[enc, *(header["alg"] for _, header in recipients)])

    @staticmethod
    def decrypt_json(alg, enc, key, token):
        registry = joserfc.jwe.JWERegistry(algorithms=[alg, enc], verify_all_recipients=False)
        decrypted = joserfc.jwe.decrypt_json(token, key, registry=registry)
        return decrypted.plaintext, decrypted.aad


class Jwcrypto:
    signatures = SIGNATURES
    encryptions = list(CONTENT_KEY_BYTES)
    signature_invalid = jwcrypto.jws.InvalidJWSSignature
    max_count = 1_200_000
    # It takes empty content for a failure.
    reads_empty_plaintext = False
    # It decodes as base64url what RFC 7797 section 5.2 puts into a compact token as it is, also when it wrote that itself.
    reads_unencoded_compact = False
    key = staticmethod(_prepared(lambda jwk: jwcrypto.jwk.JWK(**jwk)))

    @staticmethod
    def sign(jwk, payload, header):
        token = jwcrypto.jws.JWS(payload)
        token.allowed_algs = [header["alg"]]
        token.add_signature(Jwcrypto.key(jwk), protected=json.dumps(header))
        return token.serialize(compact=True)

    @staticmethod
    def verify(alg, jwk, token, payload=None):
        verified = jwcrypto.jws.JWS()
        verified.allowed_algs = [alg]
        verified.deserialize(token)
        verified.verify(Jwcrypto.key(jwk), alg, detached_payload=payload)
        return payload or verified.payload, verified.jose_header

    @staticmethod
    def sign_json(signers, payload, flattened):
        token = jwcrypto.jws.JWS(payload)
        token.allowed_algs = [protected["alg"] for _, protected, _ in signers]
        for jwk, protected, header in signers:
            token.add_signature(Jwcrypto.key(jwk), protected=json.dumps(protected), header=json.dumps(header))
        return json.loads(token.serialize())

    @staticmethod
    def verify_json(alg_jwks, token):
        """With each key in turn, as this library is content with one signature."""
        for alg, jwk in alg_jwks:
            verified = jwcrypto.jws.JWS()
            verified.allowed_algs = [alg]
            verified.deserialize(json.dumps(token))
            verified.verify(Jwcrypto.key(jwk), alg)
        return verified.payload

    @staticmethod
    def password(password):
        return jwcrypto.jwk.JWK(kty="oct", k=encoded(password))

    @staticmethod
    def encrypt(key, plaintext, header):
        token = jwcrypto.jwe.JWE(plaintext, json.dumps(header), algs=_names(header))
        token.add_recipient(key)
        return token.serialize(compact=True)

    @staticmethod
    def decrypt(alg, enc, key, token):
        decrypted = jwcrypto.jwe.JWE(algs=[alg, enc])
        decrypted.deserialize(token, key)
        return decrypted.payload, decrypted.jose_header

    @staticmethod
    def encrypt_json(recipients, enc, plaintext, aad, flattened):
        algs = [enc, *(header["alg"] for _, header in recipients)]
        token = jwcrypto.jwe.JWE(plaintext, json.dumps({"enc": enc}), aad=aad, algs=algs, flattened=flattened)
        for key, header in recipients:
            token.add_recipient(key, json.dumps(header))
        return json.loads(token.serialize())

    @staticmethod
    def decrypt_json(alg, enc, key, token):
        decrypted = jwcrypto.jwe.JWE(algs=[alg, enc])
        decrypted.deserialize(json.dumps(token), key)
        return decrypted.payload, decrypted.objects.get("aad")


def _names(header):
    return [header[name] for name in ("alg", "enc", "zip") if name in header]
