"""PyPI Authlib, used as its manual says, through every flow it knows."""

import time
import unittest

import requests
from authlib.integrations.base_client import OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError

from world import METADATA, SCOPE, WORLD, begin, errand, id_token, session, sign_in, signing

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Case(unittest.TestCase):
    def refused(self, error, call, *args, **more):
        with self.assertRaises(OAuthError) as caught:
            call(*args, **more)
        self.assertEqual(caught.exception.error, error)


class Code(Case):
    """Authorization code with PKCE (RFC 6749 §4.1, RFC 7636), OpenID Connect Core §3.1."""

    def test_confidential_client_gets_tokens_and_userinfo(self):
        client = session("web")
        tokens, claims = sign_in(client)
        self.assertEqual(tokens["token_type"], "Bearer")
        self.assertIn("read:dragons", tokens["scope"].split())
        user = client.get(METADATA["userinfo_endpoint"]).json()
        self.assertEqual((user["sub"], user["name"], user["email"]), (claims["sub"], WORLD["user"]["name"], WORLD["user"]["email"]))
        self.assertIs(type(user["email_verified"]), bool)

    def test_public_client_and_client_secret_post(self):
        self.assertIn("access_token", sign_in(session("spa"))[0])
        self.assertIn("access_token", sign_in(session("post", token_endpoint_auth_method="client_secret_post"))[0])

    def test_the_api_takes_the_access_token_and_not_the_id_token(self):
        client = session("web")
        tokens, _ = sign_in(client)
        self.assertEqual(client.get(WORLD["api"]["url"]).status_code, 200)
        wrong = requests.get(WORLD["api"]["url"], headers={"Authorization": f"Bearer {tokens['id_token']}"}, timeout=10)
        self.assertEqual(wrong.status_code, 401)

    def test_a_code_needs_its_verifier_and_works_once(self):
        client = session("web")
        url, checks, _ = begin(client)
        back = errand("sign-in", url=url)["url"]
        fetch = lambda **more: client.fetch_token(METADATA["token_endpoint"], authorization_response=back, **{**checks, **more})
        self.refused("invalid_grant", fetch, code_verifier="x" * 64)
        tokens = fetch()
        self.refused("invalid_grant", fetch)
        # The second use ends what the first brought (RFC 6749 §4.1.2).
        self.refused("invalid_grant", client.refresh_token, METADATA["token_endpoint"], tokens["refresh_token"])

    def test_a_wrong_secret_is_invalid_client(self):
        client = session("web")
        url, checks, _ = begin(client)
        back = errand("sign-in", url=url)["url"]
        client.client_secret += "x"
        self.refused("invalid_client", client.fetch_token, METADATA["token_endpoint"], authorization_response=back, **checks)

    def test_no_at_the_consent_page_is_access_denied(self):
        client = session("stranger")
        url, checks, _ = begin(client, prompt="consent")
        back = errand("sign-in", url=url, decision="deny")["url"]
        self.assertIn("error=access_denied", back)
        self.assertIn(f"state={checks['state']}", back)
        self.assertIn("iss=", back)

    def test_prompt_none_without_a_session_is_login_required(self):
        url, _, _ = begin(session("web"), prompt="none")
        self.assertIn("error=login_required", errand("sign-in", url=url)["url"])

    def test_an_id_token_of_another_client_is_not_valid_here(self):
        tokens, _ = sign_in(session("web"))
        with self.assertRaises(JoseError):
            id_token(tokens, WORLD["clients"]["spa"]["id"])


class Refresh(Case):
    """RFC 6749 §6, RFC 9700 §4.14."""

    def test_rotates_narrows_and_never_widens(self):
        client = session("spa")
        first, _ = sign_in(client)
        second = client.refresh_token(METADATA["token_endpoint"], first["refresh_token"])
        self.assertNotEqual(second["refresh_token"], first["refresh_token"])
        less = client.refresh_token(METADATA["token_endpoint"], second["refresh_token"], scope="openid")
        self.assertEqual(less["scope"], "openid")
        more = {"scope": SCOPE + " write:dragons"}
        self.refused("invalid_scope", client.refresh_token, METADATA["token_endpoint"], less["refresh_token"], **more)

    def test_another_client_cannot_use_it(self):
        tokens, _ = sign_in(session("web"))
        thief = session("post", token_endpoint_auth_method="client_secret_post")
        self.refused("invalid_grant", thief.refresh_token, METADATA["token_endpoint"], tokens["refresh_token"])


class Machines(Case):
    """Client credentials (RFC 6749 §4.4), private_key_jwt (RFC 7523 §2.2)."""

    def fetch(self, client, **more):
        more = {"grant_type": "client_credentials", "scope": "read:dragons", "resource": WORLD["api"]["id"], **more}
        return client.fetch_token(METADATA["token_endpoint"], **more)

    def test_by_secret(self):
        client = session("machine")
        tokens = self.fetch(client)
        self.assertNotIn("refresh_token", tokens)
        self.assertEqual(client.get(WORLD["api"]["url"]).status_code, 200)
        self.refused("invalid_scope", self.fetch, client, scope="write:dragons")
        self.refused("invalid_target", self.fetch, client, resource="https://unknown.example")

    def test_by_key_as_the_library_does_it_where_the_client_may(self):
        for audience in (METADATA["token_endpoint"], WORLD["issuer"]):
            self.assertIn("access_token", self.fetch(signing("old_machine", audience)))
            self.refused("invalid_client", self.fetch, signing("key_machine", audience))
        for audience in (METADATA["userinfo_endpoint"], "https://other.example"):
            self.refused("invalid_client", self.fetch, signing("old_machine", audience))

    def test_an_assertion_works_once_and_for_five_minutes_at_most(self):
        def fixed(**claims):
            client = signing("key_machine")
            client.register_client_auth_method(
                PrivateKeyJWT(WORLD["issuer"], claims=claims, alg="ES256", headers={"kid": "clients"})
            )
            return client

        client = fixed(exp=int(time.time()) + 60, jti="the same")
        self.assertIn("access_token", self.fetch(client))
        self.refused("invalid_client", self.fetch, client)
        self.refused("invalid_client", self.fetch, fixed(exp=int(time.time()) + 400))

    def test_code_flow_by_key(self):
        client = signing("old_signer", scope=SCOPE)
        tokens, _ = sign_in(client)
        self.assertIn("access_token", client.refresh_token(METADATA["token_endpoint"], tokens["refresh_token"]))

    def test_a_key_is_not_a_secret(self):
        client = session("key_machine", token_endpoint_auth_method="client_secret_post")
        client.client_secret = "guessed"
        self.refused("invalid_client", self.fetch, client)


class Look(Case):
    """Introspection (RFC 7662) and revocation (RFC 7009)."""

    def api(self):
        return session_of_api()

    def test_introspection_tells_the_api_about_a_token(self):
        tokens, claims = sign_in(session("web"))
        told = self.api().introspect_token(METADATA["introspection_endpoint"], token=tokens["access_token"]).json()
        self.assertIs(told["active"], True)
        self.assertEqual((told["sub"], told["client_id"], told["iss"]), (claims["sub"], WORLD["clients"]["web"]["id"], WORLD["issuer"]))
        unknown = self.api().introspect_token(METADATA["introspection_endpoint"], token="unknown").json()
        self.assertEqual(unknown, {"active": False})

    def test_revocation_ends_the_family(self):
        client = session("web")
        tokens, _ = sign_in(client)
        self.assertEqual(client.revoke_token(METADATA["revocation_endpoint"], token="unknown").status_code, 200)
        answer = client.revoke_token(METADATA["revocation_endpoint"], token=tokens["refresh_token"], token_type_hint="refresh_token")
        self.assertEqual(answer.status_code, 200)
        self.refused("invalid_grant", client.refresh_token, METADATA["token_endpoint"], tokens["refresh_token"])
        told = self.api().introspect_token(METADATA["introspection_endpoint"], token=tokens["access_token"]).json()
        self.assertEqual(told, {"active": False})

    def test_another_client_revokes_nothing(self):
        client, other = session("web"), session("stranger")
        tokens, _ = sign_in(client)
        other.revoke_token(METADATA["revocation_endpoint"], token=tokens["refresh_token"])
        self.assertIn("access_token", client.refresh_token(METADATA["token_endpoint"], tokens["refresh_token"]))


def session_of_api():
    api = WORLD["api"]
    # Its id has a colon, which the library does not encode for Basic (RFC 6749 §2.3.1).
    client = session("web", token_endpoint_auth_method="client_secret_post")
    client.client_id, client.client_secret = api["id"], api["secret"]
    return client


class Devices(Case):
    """RFC 8628; the library has no device of its own, and sends the grant as any other."""

    def ask(self):
        what = {"client_id": WORLD["clients"]["tv"]["id"], "scope": "openid read:dragons", "resource": WORLD["api"]["id"]}
        return requests.post(METADATA["device_authorization_endpoint"], data=what, timeout=10).json()

    def poll(self, client, started):
        return client.fetch_token(METADATA["token_endpoint"], grant_type=DEVICE_CODE, device_code=started["device_code"])

    def test_waits_then_gets_tokens_once(self):
        client, started = session("tv"), self.ask()
        self.refused("authorization_pending", self.poll, client, started)
        self.refused("slow_down", self.poll, client, started)
        errand("device", verification_uri=started["verification_uri"], user_code=started["user_code"])
        tokens = self.poll(client, started)
        self.assertEqual(id_token(tokens, client.client_id)["iss"], WORLD["issuer"])
        self.assertEqual(client.get(WORLD["api"]["url"]).status_code, 200)
        self.refused("invalid_grant", self.poll, client, started)

    def test_no_is_access_denied(self):
        client, started = session("tv"), self.ask()
        errand("device", verification_uri=started["verification_uri"], user_code=started["user_code"], decision="deny")
        self.refused("access_denied", self.poll, client, started)


class Metadata(Case):
    """RFC 8414, by the library's own validator."""

    def test_the_document_is_valid(self):
        from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
        from authlib.oidc.discovery import OpenIDProviderMetadata

        insecure = {"issuer", "jwks_uri", *(name for name in METADATA if name.endswith("_endpoint"))}  # http on loopback
        secure = {
            name: value.replace("http://", "https://", 1) if name in insecure else value for name, value in METADATA.items()
        }
        AuthorizationServerMetadata(secure).validate()
        OpenIDProviderMetadata(secure).validate()
