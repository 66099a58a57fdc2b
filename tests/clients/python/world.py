"""The server, the clients and the person that `../run.js` has made, and flows that several tests go through."""

import json
import os
import secrets
import time

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwk, jwt

with open(os.environ["SYMBOLON_WORLD"], encoding="utf-8") as file:
    WORLD = json.load(file)

METADATA = requests.get(f"{WORLD['issuer']}/.well-known/openid-configuration", timeout=10).json()
SCOPE = "openid profile email offline_access read:dragons"
REDIRECT_URI = WORLD["redirect_uri"]


def errand(name, **what):
    """Sends the person on an errand."""
    answer = requests.post(f"{WORLD['person']}/{name}", json=what, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def session(name, **more):
    """A session of one of the registered clients."""
    client = WORLD["clients"][name]
    more = {"scope": SCOPE, "redirect_uri": REDIRECT_URI, "code_challenge_method": "S256", **more}
    endpoints = {"token_endpoint": METADATA["token_endpoint"]}
    return OAuth2Session(client["id"], client.get("secret"), **endpoints, **more)


def signing(name, audience=None, **more):
    """A session of a client that proves itself by its key, as the library does it: for the token endpoint, for an hour."""
    client, key = WORLD["clients"][name], jwk.import_key(WORLD["key"]["jwk"])
    methods = {f"{endpoint}_endpoint_auth_method": "private_key_jwt" for endpoint in ("token", "revocation")}
    more = {"redirect_uri": REDIRECT_URI, "code_challenge_method": "S256", **more}
    made = OAuth2Session(client["id"], key, token_endpoint=METADATA["token_endpoint"], **methods, **more)
    audience = audience or METADATA["token_endpoint"]
    made.register_client_auth_method(PrivateKeyJWT(audience, alg="ES256", headers={"kid": key.kid}))
    return made


def begin(client, **more):
    """An authorization request, and what must be remembered of it."""
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    more = {"resource": WORLD["api"]["id"], **more}
    url, state = client.create_authorization_url(
        METADATA["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more
    )
    return url, {"state": state, "code_verifier": verifier}, nonce


def sign_in(client, **more):
    """The code flow, through the hosted pages: tokens and the claims of the ID token, validated."""
    url, checks, nonce = begin(client, **more)
    back = errand("sign-in", url=url)["url"]
    tokens = client.fetch_token(METADATA["token_endpoint"], authorization_response=back, **checks)
    return tokens, id_token(tokens, client.client_id, nonce)


def id_token(tokens, client_id, nonce=None):
    """Signature by the issuer's keys, then every claim by the library's rules."""
    keys = jwk.KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=10).json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=METADATA["id_token_signing_alg_values_supported"])
    options = {"iss": {"essential": True, "value": WORLD["issuer"]}, "aud": {"essential": True, "value": client_id}}
    params = {"client_id": client_id, "access_token": tokens["access_token"], "nonce": nonce}
    claims = CodeIDToken(token.claims, token.header, options, params)
    claims.validate()
    return claims
