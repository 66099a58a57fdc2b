package clients;

import com.nimbusds.common.contenttype.ContentType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.dpop.DPoPProofFactory;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.util.JSONObjectUtils;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.AuthenticationResponse;
import com.nimbusds.openid.connect.sdk.AuthenticationResponseParser;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import net.minidev.json.JSONObject;

/** The server, the clients and the person that ../run.js has made, and flows that several tests go through. */
final class World {
  static final JSONObject FOUND = read();
  static final OIDCProviderMetadata PROVIDER = discover();
  static final URI REDIRECT_URI = URI.create((String) FOUND.get("redirect_uri"));
  static final URI API = URI.create(member("api", "id"));
  static final Scope SCOPE = Scope.parse("openid profile email offline_access read:dragons");

  private World() {}

  private static JSONObject read() {
    try {
      return JSONObjectUtils.parse(Files.readString(Path.of(System.getenv("SYMBOLON_WORLD"))));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static OIDCProviderMetadata discover() {
    try {
      return OIDCProviderMetadata.resolve(new Issuer((String) FOUND.get("issuer")));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  static String member(String object, String name) {
    return (String) ((JSONObject) FOUND.get(object)).get(name);
  }

  private static JSONObject client(String name) {
    return (JSONObject) ((JSONObject) FOUND.get("clients")).get(name);
  }

  static ClientID id(String name) {
    return new ClientID((String) client(name).get("id"));
  }

  static ClientAuthentication basic(String name) {
    return new ClientSecretBasic(id(name), new Secret((String) client(name).get("secret")));
  }

  static ECKey key() throws Exception {
    return ECKey.parse((JSONObject) ((JSONObject) FOUND.get("key")).get("jwk"));
  }

  /** An assertion works once, so each request gets its own. */
  static PrivateKeyJWT signed(String name, URI audience) throws Exception {
    ECKey key = key();
    return new PrivateKeyJWT(id(name), audience, JWSAlgorithm.ES256, key.toECPrivateKey(), key.getKeyID(), null);
  }

  static PrivateKeyJWT signed(String name) throws Exception {
    return signed(name, URI.create(PROVIDER.getIssuer().getValue()));
  }

  /** Sends the person on an errand, and gives what they bring. */
  static JSONObject errand(String name, Map<String, String> what) throws Exception {
    HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, URI.create(FOUND.get("person") + "/" + name));
    request.setEntityContentType(ContentType.APPLICATION_JSON);
    request.setBody(new JSONObject(what).toJSONString());
    HTTPResponse response = request.send();
    if (response.getStatusCode() != 200) {
      throw new IllegalStateException(response.getBody());
    }
    return JSONObjectUtils.parse(response.getBody());
  }

  /** What must be remembered of an authorization request. */
  record Begun(State state, Nonce nonce, CodeVerifier verifier, AuthenticationRequest.Builder request) {
    static Begun of(ClientID client) {
      Begun begun = new Begun(new State(), new Nonce(), new CodeVerifier(), new AuthenticationRequest.Builder(
          new ResponseType(ResponseType.Value.CODE), SCOPE, client, REDIRECT_URI));
      begun.request
          .endpointURI(PROVIDER.getAuthorizationEndpointURI())
          .state(begun.state)
          .nonce(begun.nonce)
          .codeChallenge(begun.verifier, CodeChallengeMethod.S256)
          .resource(API);
      return begun;
    }

    /** Goes through the hosted pages. */
    AuthenticationResponse answer() throws Exception {
      return AuthenticationResponseParser.parse(World.signIn(request.build().toURI()));
    }

    AuthorizationGrant grant(AuthenticationResponse answer) {
      if (!answer.getState().equals(state) || !PROVIDER.getIssuer().equals(answer.getIssuer())) {
        throw new IllegalStateException("state or iss (RFC 9207) is wrong");
      }
      return new AuthorizationCodeGrant(answer.toSuccessResponse().getAuthorizationCode(), REDIRECT_URI, verifier);
    }
  }

  static URI signIn(URI url) throws Exception {
    JSONObject brought = errand("sign-in", Map.of("url", url.toString()));
    if (brought.get("url") == null) {
      throw new IllegalStateException("no answer but " + brought);
    }
    return URI.create((String) brought.get("url"));
  }

  static TokenResponse token(ClientAuthentication client, AuthorizationGrant grant) throws Exception {
    return send(new TokenRequest.Builder(PROVIDER.getTokenEndpointURI(), client, grant).build(), null);
  }

  static TokenResponse token(ClientID client, AuthorizationGrant grant) throws Exception {
    return send(new TokenRequest.Builder(PROVIDER.getTokenEndpointURI(), client, grant).build(), null);
  }

  /** With a proof of a key, if there is one. */
  static TokenResponse send(TokenRequest request, DPoPProofFactory proofs) throws Exception {
    HTTPRequest http = request.toHTTPRequest();
    if (proofs != null) {
      http.setDPoP(proofs.createDPoPJWT(http.getMethod().name(), http.getURI()));
    }
    return OIDCTokenResponseParser.parse(http.send());
  }

  static OIDCTokens tokens(TokenResponse response) {
    if (!response.indicatesSuccess()) {
      throw new IllegalStateException(response.toErrorResponse().getErrorObject().toString());
    }
    return ((com.nimbusds.openid.connect.sdk.OIDCTokenResponse) response.toSuccessResponse()).getOIDCTokens();
  }

  /** Signature, issuer, audience, expiry and nonce. */
  static IDTokenClaimsSet validated(JWT token, ClientID client, Nonce nonce) throws Exception {
    JWSAlgorithm algorithm = JWSAlgorithm.RS256; // what a client is registered for unless it says otherwise
    return new IDTokenValidator(PROVIDER.getIssuer(), client, algorithm, PROVIDER.getJWKSetURI().toURL()).validate(token, nonce);
  }
}
