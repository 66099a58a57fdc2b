package clients;

import static clients.World.basic;
import static clients.World.id;
import static clients.World.member;
import static clients.World.token;
import static clients.World.tokens;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import clients.World.Begun;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.minidev.json.JSONObject;
import org.junit.jupiter.api.Test;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;

/** Spring Security's resource server: as Spring Boot makes it of issuer-uri and audiences, and as its manual says for RFC 9068. */
class SpringTest {
  private static final String ISSUER = (String) World.FOUND.get("issuer");
  private static final String AUDIENCE = member("api", "id");
  private static final String OLD_API = (String) World.FOUND.get("old_api");

  private static Authentication call(String token, OAuth2TokenValidator<Jwt> rules) {
    NimbusJwtDecoder decoder = NimbusJwtDecoder.withIssuerLocation(ISSUER).build();
    decoder.setJwtValidator(rules);
    return new JwtAuthenticationProvider(decoder).authenticate(new BearerTokenAuthenticationToken(token));
  }

  private static OAuth2TokenValidator<Jwt> byDefault(String audience) {
    return new DelegatingOAuth2TokenValidator<>(
        JwtValidators.createDefaultWithIssuer(ISSUER),
        new JwtClaimValidator<List<String>>("aud", aud -> aud != null && aud.contains(audience)));
  }

  private static OAuth2TokenValidator<Jwt> rfc9068() {
    return new DelegatingOAuth2TokenValidator<>(
        JwtValidators.createAtJwtValidator()
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .validators(all -> all.put("client_id", new JwtClaimValidator<String>("client_id", Objects::nonNull))) // any
            .build(),
        new JwtTimestampValidator(Duration.ZERO));
  }

  private static OIDCTokens signedIn(String api) throws Exception {
    Begun begun = Begun.of(id("web"));
    begun.request().resource(URI.create(api));
    return tokens(token(basic("web"), begun.grant(begun.answer())));
  }

  private static void letsIn(OIDCTokens tokens, OAuth2TokenValidator<Jwt> rules) throws Exception {
    Authentication caller = call(tokens.getAccessToken().getValue(), rules);
    assertEquals(tokens.getIDToken().getJWTClaimsSet().getSubject(), caller.getName());
    assertTrue(caller.getAuthorities().stream().anyMatch(one -> "SCOPE_read:dragons".equals(one.getAuthority())));
  }

  private static void refuses(String token, OAuth2TokenValidator<Jwt> rules, String why) {
    Exception refusal = assertThrows(InvalidBearerTokenException.class, () -> call(token, rules), why);
    assertFalse(refusal.getMessage().contains("client_id"), refusal.getMessage());
  }

  /** Its defaults take only what is called JWT: the API is registered so. */
  @Test
  void theDefaultsTakeTokensThatAreCalledJwt() throws Exception {
    OIDCTokens tokens = signedIn(OLD_API);
    letsIn(tokens, byDefault(OLD_API));
    refuses(tokens.getAccessToken().getValue(), byDefault(AUDIENCE), "for another API");
    refuses(tokens.getIDTokenString(), byDefault(OLD_API), "an ID token");
  }

  @Test
  void rfc9068LetsInATokenOfOurs() throws Exception {
    letsIn(signedIn(AUDIENCE), rfc9068());
  }

  @Test
  void whatIsForOthersForgedOrOldIsRefused() throws Exception {
    JSONObject refused = (JSONObject) World.FOUND.get("refused");
    assertEquals(5, refused.size());
    for (Map.Entry<String, Object> one : refused.entrySet()) {
      refuses((String) one.getValue(), rfc9068(), one.getKey());
    }
    refuses(signedIn(AUDIENCE).getIDTokenString(), rfc9068(), "an ID token");
  }
}
