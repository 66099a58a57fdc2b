package clients;

import static clients.World.API;
import static clients.World.PROVIDER;
import static clients.World.REDIRECT_URI;
import static clients.World.SCOPE;
import static clients.World.basic;
import static clients.World.errand;
import static clients.World.id;
import static clients.World.key;
import static clients.World.member;
import static clients.World.send;
import static clients.World.signIn;
import static clients.World.signed;
import static clients.World.token;
import static clients.World.tokens;
import static clients.World.validated;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import clients.World.Begun;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.PushedAuthorizationRequest;
import com.nimbusds.oauth2.sdk.PushedAuthorizationResponse;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.ResponseMode;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenIntrospectionRequest;
import com.nimbusds.oauth2.sdk.TokenIntrospectionResponse;
import com.nimbusds.oauth2.sdk.TokenIntrospectionSuccessResponse;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.dpop.DefaultDPoPProofFactory;
import com.nimbusds.oauth2.sdk.dpop.JWKThumbprintConfirmation;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.jarm.JARMValidator;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.token.DPoPAccessToken;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.token.Token;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponse;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.OIDCScopeValue;
import com.nimbusds.openid.connect.sdk.Prompt;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.AccessTokenHash;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.AccessTokenValidator;
import java.net.URI;
import java.util.Date;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** com.nimbusds:oauth2-oidc-sdk, used as its manual says. */
class NimbusTest {
  private static void refused(String error, TokenResponse response) {
    assertFalse(response.indicatesSuccess(), error);
    assertEquals(error, response.toErrorResponse().getErrorObject().getCode());
  }

  private static OIDCTokens signedIn(String client) throws Exception {
    Begun begun = Begun.of(id(client));
    return tokens(token(basic(client), begun.grant(begun.answer())));
  }

  private static int call(HTTPRequest request) throws Exception {
    return request.send().getStatusCode();
  }

  private static HTTPRequest toApi(AccessToken token) {
    HTTPRequest request = new HTTPRequest(HTTPRequest.Method.GET, URI.create(member("api", "url")));
    request.setAuthorization(token.toAuthorizationHeader());
    return request;
  }

  private static TokenIntrospectionSuccessResponse look(Token token) throws Exception {
    ClientAuthentication api = new ClientSecretBasic(new ClientID(member("api", "id")), new Secret(member("api", "secret")));
    HTTPRequest request = new TokenIntrospectionRequest(PROVIDER.getIntrospectionEndpointURI(), api, token).toHTTPRequest();
    return TokenIntrospectionResponse.parse(request.send()).toSuccessResponse();
  }

  /** Authorization code with PKCE (RFC 6749 §4.1, RFC 7636), OpenID Connect Core §3.1. */
  @Test
  void codeGivesTokensAndUserinfo() throws Exception {
    Begun begun = Begun.of(id("web"));
    OIDCTokens tokens = tokens(token(basic("web"), begun.grant(begun.answer())));
    IDTokenClaimsSet claims = validated(tokens.getIDToken(), id("web"), begun.nonce());
    AccessTokenHash hash = claims.getAccessTokenHash();
    if (hash != null) {
      AccessTokenValidator.validate(tokens.getAccessToken(), JWSAlgorithm.RS256, hash);
    }
    HTTPRequest request = new UserInfoRequest(PROVIDER.getUserInfoEndpointURI(), tokens.getBearerAccessToken()).toHTTPRequest();
    UserInfo user = UserInfoResponse.parse(request.send()).toSuccessResponse().getUserInfo();
    assertEquals(claims.getSubject(), user.getSubject());
    assertEquals(member("user", "email"), user.getEmailAddress());
    assertEquals(member("user", "name"), user.getName());
    assertEquals(200, call(toApi(tokens.getAccessToken())));
  }

  @Test
  void anIdTokenIsForOneClientAndOneRequest() throws Exception {
    Begun begun = Begun.of(id("web"));
    OIDCTokens tokens = tokens(token(basic("web"), begun.grant(begun.answer())));
    assertThrows(BadJOSEException.class, () -> validated(tokens.getIDToken(), id("spa"), begun.nonce()));
    assertThrows(BadJOSEException.class, () -> validated(tokens.getIDToken(), id("web"), Begun.of(id("web")).nonce()));
  }

  @Test
  void aCodeNeedsItsVerifierAndWorksOnce() throws Exception {
    Begun begun = Begun.of(id("spa"));
    AuthenticationResponse answer = begun.answer();
    AuthorizationGrant grant = begun.grant(answer);
    AuthorizationGrant forged = new Begun(begun.state(), begun.nonce(), new CodeVerifier(), begun.request()).grant(answer);
    refused("invalid_grant", token(id("spa"), forged));
    OIDCTokens tokens = tokens(token(id("spa"), grant));
    refused("invalid_grant", token(id("spa"), grant));
    // The second use ends what the first brought (RFC 6749 §4.1.2).
    refused("invalid_grant", token(id("spa"), new RefreshTokenGrant(tokens.getRefreshToken())));
  }

  @Test
  void promptNoneWithoutASessionIsLoginRequired() throws Exception {
    Begun begun = Begun.of(id("web"));
    begun.request().prompt(Prompt.Type.NONE);
    AuthenticationResponse answer = begun.answer();
    assertEquals("login_required", answer.toErrorResponse().getErrorObject().getCode());
    assertEquals(begun.state(), answer.getState());
    assertEquals(PROVIDER.getIssuer(), answer.getIssuer());
  }

  /** RFC 6749 §6, RFC 9700 §4.14. */
  @Test
  void refreshTokensRotateAndBelongToTheirClient() throws Exception {
    OIDCTokens first = signedIn("web");
    OIDCTokens second = tokens(token(basic("web"), new RefreshTokenGrant(first.getRefreshToken())));
    assertNotEquals(first.getRefreshToken(), second.getRefreshToken());
    refused("invalid_grant", token(basic("stranger"), new RefreshTokenGrant(second.getRefreshToken())));
    assertEquals(200, call(toApi(second.getAccessToken())));
  }

  /** RFC 6749 §4.4, RFC 8707. */
  @Test
  void clientCredentials() throws Exception {
    for (Map.Entry<String, String> one : Map.of("read:dragons", "", "write:dragons", "invalid_scope").entrySet()) {
      TokenRequest.Builder request =
          new TokenRequest.Builder(PROVIDER.getTokenEndpointURI(), basic("machine"), new ClientCredentialsGrant());
      TokenResponse response = send(request.scope(Scope.parse(one.getKey())).resource(API).build(), null);
      if (one.getValue().isEmpty()) {
        assertEquals(200, call(toApi(response.toSuccessResponse().getTokens().getAccessToken())));
        assertNull(response.toSuccessResponse().getTokens().getRefreshToken());
      } else {
        refused(one.getValue(), response);
      }
    }
  }

  /** RFC 7523 §2.2, with the issuer as the only audience. */
  @Test
  void privateKeyJwtIsForTheIssuerAndWorksOnce() throws Exception {
    ClientAuthentication proof = signed("key_machine");
    for (String error : new String[] {"", "invalid_client"}) {
      TokenRequest.Builder request = new TokenRequest.Builder(PROVIDER.getTokenEndpointURI(), proof, new ClientCredentialsGrant());
      TokenResponse response = send(request.resource(API).build(), null);
      if (error.isEmpty()) {
        assertTrue(response.indicatesSuccess());
      } else {
        refused(error, response);
      }
    }
    ClientAuthentication forElsewhere = signed("key_machine", PROVIDER.getTokenEndpointURI());
    refused("invalid_client", token(forElsewhere, new ClientCredentialsGrant()));
  }

  /** RFC 9126, by a client with a key; RFC 9449 for all of its tokens. */
  @Test
  void pushedRequestAndBoundTokens() throws Exception {
    DefaultDPoPProofFactory proofs = new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
    Begun begun = Begun.of(id("signer"));
    URI endpoint = PROVIDER.getPushedAuthorizationRequestEndpointURI();
    HTTPRequest push = new PushedAuthorizationRequest(endpoint, signed("signer"), begun.request().build()).toHTTPRequest();
    push.setDPoP(proofs.createDPoPJWT("POST", endpoint));
    URI pushed = PushedAuthorizationResponse.parse(push.send()).toSuccessResponse().getRequestURI();
    AuthenticationRequest byReference =
        new AuthenticationRequest.Builder(pushed, id("signer")).endpointURI(PROVIDER.getAuthorizationEndpointURI()).build();
    AuthorizationGrant grant = begun.grant(AuthenticationResponseParser.parse(signIn(byReference.toURI())));

    URI tokenEndpoint = PROVIDER.getTokenEndpointURI();
    DefaultDPoPProofFactory thief = new DefaultDPoPProofFactory(new ECKeyGenerator(Curve.P_256).generate(), JWSAlgorithm.ES256);
    refused("invalid_grant", send(new TokenRequest.Builder(tokenEndpoint, signed("signer"), grant).build(), thief));
    OIDCTokens tokens = tokens(send(new TokenRequest.Builder(tokenEndpoint, signed("signer"), grant).build(), proofs));
    validated(tokens.getIDToken(), id("signer"), begun.nonce());
    DPoPAccessToken bound = assertInstanceOf(DPoPAccessToken.class, tokens.getAccessToken());
    assertEquals(JWKThumbprintConfirmation.of(proofs.getPublicJWK()), look(bound).getJWKThumbprintConfirmation());

    HTTPRequest userinfo = new UserInfoRequest(PROVIDER.getUserInfoEndpointURI(), bound).toHTTPRequest();
    assertEquals(401, call(userinfo), "no proof");
    userinfo = new UserInfoRequest(PROVIDER.getUserInfoEndpointURI(), bound).toHTTPRequest();
    userinfo.setDPoP(proofs.createDPoPJWT("GET", PROVIDER.getUserInfoEndpointURI(), bound));
    assertTrue(UserInfoResponse.parse(userinfo.send()).indicatesSuccess());
  }

  /** A pushed request belongs to the client that pushed it (RFC 9126 §2.2). */
  @Test
  void aPushedRequestOfAnotherClientEndsOnAPage() throws Exception {
    Begun begun = Begun.of(id("web"));
    URI endpoint = PROVIDER.getPushedAuthorizationRequestEndpointURI();
    HTTPRequest push = new PushedAuthorizationRequest(endpoint, basic("web"), begun.request().build()).toHTTPRequest();
    URI pushed = PushedAuthorizationResponse.parse(push.send()).toSuccessResponse().getRequestURI();
    URI url = new AuthenticationRequest.Builder(pushed, id("spa")).endpointURI(PROVIDER.getAuthorizationEndpointURI()).build().toURI();
    assertNull(errand("sign-in", Map.of("url", url.toString())).get("url"));
  }

  /** A signed request (RFC 9101), a signed answer (JARM). */
  @Test
  void signedRequestAndSignedAnswer() throws Exception {
    Begun begun = Begun.of(id("signer"));
    JWTClaimsSet claims = new JWTClaimsSet.Builder(begun.request().responseMode(ResponseMode.QUERY_JWT).build().toJWTClaimsSet())
        .issuer(id("signer").getValue())
        .audience(PROVIDER.getIssuer().getValue())
        .expirationTime(new Date(System.currentTimeMillis() + 60_000))
        .build();
    SignedJWT object = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(key().getKeyID()).build(), claims);
    object.sign(new ECDSASigner(key()));
    AuthenticationRequest request = new AuthenticationRequest.Builder(object, id("signer"))
        .endpointURI(PROVIDER.getAuthorizationEndpointURI()).build();
    JARMValidator validator =
        new JARMValidator(PROVIDER.getIssuer(), id("signer"), JWSAlgorithm.RS256, PROVIDER.getJWKSetURI().toURL());
    AuthenticationResponse answer = AuthenticationResponseParser.parse(signIn(request.toURI()), validator);
    assertTrue(tokens(token(signed("signer"), begun.grant(answer))).getIDToken() != null);
  }

  /** RFC 8628. */
  @Test
  void device() throws Exception {
    for (String decision : new String[] {"allow", "deny"}) {
      HTTPRequest request = new DeviceAuthorizationRequest.Builder(id("tv"))
          .endpointURI(PROVIDER.getDeviceAuthorizationEndpointURI())
          .scope(new Scope(OIDCScopeValue.OPENID, new Scope.Value("read:dragons")))
          .customParameter("resource", API.toString())
          .build()
          .toHTTPRequest();
      DeviceAuthorizationSuccessResponse started = DeviceAuthorizationResponse.parse(request.send()).toSuccessResponse();
      AuthorizationGrant grant = new DeviceCodeGrant(started.getDeviceCode());
      refused("authorization_pending", token(id("tv"), grant));
      errand("device", Map.of(
          "verification_uri", started.getVerificationURI().toString(), "user_code", started.getUserCode().getValue(), "decision", decision));
      TokenResponse response = token(id("tv"), grant);
      if (decision.equals("deny")) {
        refused("access_denied", response);
      } else {
        OIDCTokens tokens = tokens(response);
        validated(tokens.getIDToken(), id("tv"), null);
        assertEquals(200, call(toApi(tokens.getAccessToken())));
        refused("invalid_grant", token(id("tv"), grant));
      }
    }
  }

  /** RFC 7009, RFC 7662. */
  @Test
  void revocationIsSeenByIntrospection() throws Exception {
    OIDCTokens tokens = signedIn("web");
    assertTrue(look(tokens.getAccessToken()).isActive());
    assertEquals(id("web"), look(tokens.getAccessToken()).getClientID());
    RefreshToken refresh = tokens.getRefreshToken();
    HTTPRequest revoke = new TokenRevocationRequest(PROVIDER.getRevocationEndpointURI(), basic("web"), refresh).toHTTPRequest();
    assertEquals(200, call(revoke));
    assertFalse(look(tokens.getAccessToken()).isActive());
    refused("invalid_grant", token(basic("web"), new RefreshTokenGrant(refresh)));
  }

  /** Exactly the registered redirect URI (RFC 9700 §2.1): otherwise a page, and nothing at any redirect URI. */
  @Test
  void anUnregisteredRedirectUriGetsNoAnswer() throws Exception {
    URI url = Begun.of(id("web")).request().redirectionURI(URI.create(REDIRECT_URI + "/x")).build().toURI();
    assertNull(errand("sign-in", Map.of("url", url.toString())).get("url"));
    assertTrue(SCOPE.contains("openid"));
  }
}
