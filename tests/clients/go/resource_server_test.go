// APIs in Go: github.com/auth0/go-jwt-middleware, go-oidc's verifier and lestrrat-go/jwx, used as their manuals say.
package clients

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"golang.org/x/oauth2"
)

// judge holds what an API lets in to a good token, to an ID token and to those that must be refused.
func judge(t *testing.T, letsIn func(token string) bool) {
	t.Helper()
	tokens, _ := signIn(t, config("web", oauth2.AuthStyleInHeader))
	if !letsIn(tokens.AccessToken) {
		t.Error("a good token was refused")
	}
	idToken, _ := tokens.Extra("id_token").(string)
	if letsIn(idToken) {
		t.Error("an ID token was let in")
	}
	for fault, token := range world.Refused {
		if letsIn(token) {
			t.Errorf("let in: %s", fault)
		}
	}
	if len(world.Refused) != 5 {
		t.Errorf("%d faults", len(world.Refused))
	}
}

func TestGoJwtMiddleware(t *testing.T) {
	issuer, err := url.Parse(world.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	keys := jwks.NewCachingProvider(issuer, 0)
	rules, err := validator.New(keys.KeyFunc, validator.RS256, world.Issuer, []string{world.API.ID})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(jwtmiddleware.New(rules.ValidateToken).CheckJWT(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) },
	)))
	defer api.Close()
	judge(t, func(token string) bool {
		request, _ := http.NewRequest(http.MethodGet, api.URL, nil)
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNoContent && answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("the API answered %d", answer.StatusCode)
		}
		return answer.StatusCode == http.StatusNoContent
	})
}

// go-oidc's verifier is made for ID tokens; what it checks is what an API checks, with the API's name.
func TestOidcVerifierOfAnApi(t *testing.T) {
	verifier := provider.Verifier(&oidc.Config{ClientID: world.API.ID})
	judge(t, func(token string) bool {
		_, err := verifier.Verify(t.Context(), token)
		return err == nil
	})
}

func TestJwx(t *testing.T) {
	keys, err := jwk.Fetch(context.Background(), world.Issuer+"/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	judge(t, func(token string) bool {
		_, err := jwt.ParseString(token,
			jwt.WithKeySet(keys, jws.WithRequireKid(true)),
			jwt.WithIssuer(world.Issuer), jwt.WithAudience(world.API.ID))
		return err == nil
	})
}
