// golang.org/x/oauth2 and github.com/coreos/go-oidc, used as their manuals say.
package clients

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Authorization code with PKCE (RFC 6749 §4.1, RFC 7636), OpenID Connect Core §3.1.
func TestCodeGivesTokensAndUserinfo(t *testing.T) {
	config := config("web", oauth2.AuthStyleInHeader)
	token, id := signIn(t, config)
	if call(t, config, token) != http.StatusOK {
		t.Fatal("the API refused the access token")
	}
	user, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Name string }
	if err := user.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if user.Subject != id.Subject || user.Email != world.User.Email || claims.Name != world.User.Name {
		t.Fatalf("userinfo is %+v, %+v", user, claims)
	}
}

func TestPublicClientAndClientSecretPost(t *testing.T) {
	for _, name := range []string{"spa", "post"} {
		if token, _ := signIn(t, config(name, oauth2.AuthStyleInParams)); token.RefreshToken == "" {
			t.Fatalf("%s got no refresh token", name)
		}
	}
}

func TestTheApiNeverTakesTheIdToken(t *testing.T) {
	config := config("web", oauth2.AuthStyleInHeader)
	token, _ := signIn(t, config)
	token.AccessToken, _ = token.Extra("id_token").(string)
	if status := call(t, config, token); status != http.StatusUnauthorized {
		t.Fatalf("the API answered %d", status)
	}
}

func TestAnIdTokenOfAnotherClientDoesNotVerify(t *testing.T) {
	token, _ := signIn(t, config("web", oauth2.AuthStyleInHeader))
	raw, _ := token.Extra("id_token").(string)
	verifier := provider.Verifier(&oidc.Config{ClientID: world.Clients["spa"].ID})
	if _, err := verifier.Verify(t.Context(), raw); err == nil {
		t.Fatal("it verified")
	}
}

func TestACodeNeedsItsVerifierAndWorksOnce(t *testing.T) {
	config := config("web", oauth2.AuthStyleInHeader)
	begun := begin(config)
	code := begun.answer(t).Get("code")
	_, err := config.Exchange(t.Context(), code)
	refused(t, err, "invalid_grant")
	_, err = config.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	refused(t, err, "invalid_grant")
	token, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(begun.verifier))
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Exchange(t.Context(), code, oauth2.VerifierOption(begun.verifier))
	refused(t, err, "invalid_grant")
	_, err = renewed(t, config, token) // the second use ended what the first brought (RFC 6749 §4.1.2)
	refused(t, err, "invalid_grant")
}

func TestAWrongSecretIsInvalidClient(t *testing.T) {
	config := config("web", oauth2.AuthStyleInHeader)
	begun := begin(config)
	code := begun.answer(t).Get("code")
	config.ClientSecret += "x"
	_, err := config.Exchange(t.Context(), code, oauth2.VerifierOption(begun.verifier))
	refused(t, err, "invalid_client")
}

func TestNoAtTheConsentPageIsAccessDenied(t *testing.T) {
	begun := begin(config("stranger", oauth2.AuthStyleInHeader), oauth2.SetAuthURLParam("prompt", "consent"))
	brought := errand(t, "sign-in", map[string]string{"url": begun.url, "decision": "deny"})
	back, _ := url.Parse(brought["url"].(string))
	if back.Query().Get("error") != "access_denied" || back.Query().Get("state") != begun.state {
		t.Fatalf("the answer is %v", back)
	}
}

func renewed(t *testing.T, config *oauth2.Config, token *oauth2.Token) (*oauth2.Token, error) {
	return config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
}

// RFC 6749 §6, RFC 9700 §4.14.
func TestRefreshTokensRotate(t *testing.T) {
	config := config("spa", oauth2.AuthStyleInParams)
	first, _ := signIn(t, config)
	second, err := renewed(t, config, first)
	if err != nil {
		t.Fatal(err)
	}
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Fatal("nothing is new")
	}
	third, err := renewed(t, config, second)
	if err != nil || call(t, config, third) != http.StatusOK {
		t.Fatal("the third access token does not open the API", err)
	}
}

func TestARefreshTokenOfAnotherClientIsRefused(t *testing.T) {
	token, _ := signIn(t, config("web", oauth2.AuthStyleInHeader))
	_, err := renewed(t, config("post", oauth2.AuthStyleInParams), token)
	refused(t, err, "invalid_grant")
}

func machine(name string, more url.Values) *clientcredentials.Config {
	values := url.Values{"resource": {world.API.ID}}
	for key, value := range more {
		values[key] = value
	}
	return &clientcredentials.Config{
		ClientID:       world.Clients[name].ID,
		ClientSecret:   world.Clients[name].Secret,
		TokenURL:       provider.Endpoint().TokenURL,
		Scopes:         []string{"read:dragons"},
		EndpointParams: values,
		AuthStyle:      oauth2.AuthStyleInHeader,
	}
}

// RFC 6749 §4.4.
func TestClientCredentials(t *testing.T) {
	config := machine("machine", nil)
	answer, err := config.Client(t.Context()).Get(world.API.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the API answered %d", answer.StatusCode)
	}
	token, err := config.Token(t.Context())
	if err != nil || token.RefreshToken != "" {
		t.Fatal("a machine got a refresh token (RFC 6749 §4.4.3)", err)
	}
	config.Scopes = []string{"write:dragons"}
	_, err = config.Token(t.Context())
	refused(t, err, "invalid_scope")
	_, err = machine("machine", url.Values{"resource": {"https://unknown.example"}}).Token(t.Context())
	refused(t, err, "invalid_target")
}

// assertion of a client for an audience, signed with its key (RFC 7523 §2.2).
func assertion(t *testing.T, client, audience string) url.Values {
	t.Helper()
	block, _ := pem.Decode([]byte(world.Key.PEM))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithHeader("kid", "clients").WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.(*ecdsa.PrivateKey)}, options)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	claims := map[string]any{
		"iss": client, "sub": client, "aud": audience, "jti": oauth2.GenerateVerifier(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	signed, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed},
	}
}

func TestPrivateKeyJwtIsForTheIssuerAndWorksOnce(t *testing.T) {
	client := world.Clients["key_machine"].ID
	proof := assertion(t, client, world.Issuer)
	config := machine("key_machine", proof)
	config.AuthStyle = oauth2.AuthStyleInParams
	if _, err := config.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := config.Token(t.Context()) // RFC 7523 §3: the same jti again
	refused(t, err, "invalid_client")
	for _, audience := range []string{provider.Endpoint().TokenURL, "https://other.example"} {
		config := machine("key_machine", assertion(t, client, audience))
		config.AuthStyle = oauth2.AuthStyleInParams
		_, err := config.Token(t.Context())
		refused(t, err, "invalid_client")
	}
}

// RFC 8628. The library waits before it asks, so the person has answered by then.
func TestDevice(t *testing.T) {
	config := config("tv", oauth2.AuthStyleInParams)
	resource := oauth2.SetAuthURLParam("resource", world.API.ID)
	for decision, check := range map[string]func(*oauth2.Token, error){
		"allow": func(token *oauth2.Token, err error) {
			if err != nil {
				t.Fatal(err)
			}
			verified(t, config, token)
			if call(t, config, token) != http.StatusOK {
				t.Fatal("the API refused the device")
			}
		},
		"deny": func(_ *oauth2.Token, err error) { refused(t, err, "access_denied") },
	} {
		started, err := config.DeviceAuth(t.Context(), resource)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(started.VerificationURIComplete, started.UserCode) || started.Expiry.IsZero() {
			t.Fatalf("the answer is %+v", started)
		}
		errand(t, "device", map[string]string{"verification_uri": started.VerificationURI, "user_code": started.UserCode, "decision": decision})
		started.Interval = 1
		check(config.DeviceAccessToken(t.Context(), started))
	}
}

// form posts to an endpoint with the credential of the API or a client.
func form(t *testing.T, endpoint, id, secret string, values url.Values) (int, map[string]any) {
	t.Helper()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(values.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body map[string]any
	_ = json.NewDecoder(answer.Body).Decode(&body) // a revocation has none
	return answer.StatusCode, body
}

// RFC 7009, RFC 7662.
func TestRevocationIsSeenByIntrospection(t *testing.T) {
	config := config("web", oauth2.AuthStyleInHeader)
	token, id := signIn(t, config)
	look := func() map[string]any {
		_, body := form(t, metadata.Introspection, world.API.ID, world.API.Secret, url.Values{"token": {token.AccessToken}})
		return body
	}
	if told := look(); told["active"] != true || told["sub"] != id.Subject {
		t.Fatalf("introspection says %v", told)
	}
	if status, _ := form(t, metadata.Revocation, config.ClientID, config.ClientSecret, url.Values{"token": {token.RefreshToken}}); status != http.StatusOK {
		t.Fatalf("revocation answered %d", status)
	}
	if told := look(); told["active"] != false || len(told) != 1 {
		t.Fatalf("introspection says %v", told)
	}
	_, err := renewed(t, config, token)
	refused(t, err, "invalid_grant")
}
