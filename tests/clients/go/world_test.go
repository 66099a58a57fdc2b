// The server, the clients and the person that ../run.js has made, and flows that several tests go through.
package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type credential struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

var world struct {
	Issuer      string `json:"issuer"`
	Person      string `json:"person"`
	RedirectURI string `json:"redirect_uri"`
	User        struct{ Email, Name string }
	API         struct{ ID, Secret, URL string }
	Key         struct{ PEM string }
	Clients     map[string]credential `json:"clients"`
	Refused     map[string]string     `json:"refused"`
}

var provider *oidc.Provider

// What the provider says of itself beyond what the library reads.
var metadata struct {
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
}

func TestMain(m *testing.M) {
	if err := prepare(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func prepare() error {
	text, err := os.ReadFile(os.Getenv("SYMBOLON_WORLD"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &world); err != nil {
		return err
	}
	if provider, err = oidc.NewProvider(context.Background(), world.Issuer); err != nil {
		return err
	}
	return provider.Claims(&metadata)
}

// config of one of the registered clients; endpoints come from discovery.
func config(name string, style oauth2.AuthStyle) *oauth2.Config {
	client := world.Clients[name]
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = style
	return &oauth2.Config{
		ClientID:     client.ID,
		ClientSecret: client.Secret,
		Endpoint:     endpoint,
		RedirectURL:  world.RedirectURI,
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess, "read:dragons"},
	}
}

// errand sends the person on one, and gives what they bring.
func errand(t *testing.T, name string, what map[string]string) map[string]any {
	t.Helper()
	body, _ := json.Marshal(what)
	answer, err := http.Post(world.Person+"/"+name, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the person came back with: %s", text)
	}
	var found map[string]any
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// An authorization request, and what must be remembered of it.
type attempt struct {
	url, state, nonce, verifier string
}

func begin(config *oauth2.Config, more ...oauth2.AuthCodeOption) attempt {
	begun := attempt{state: oauth2.GenerateVerifier(), nonce: oauth2.GenerateVerifier(), verifier: oauth2.GenerateVerifier()}
	options := append([]oauth2.AuthCodeOption{
		oidc.Nonce(begun.nonce),
		oauth2.S256ChallengeOption(begun.verifier),
		oauth2.SetAuthURLParam("resource", world.API.ID),
	}, more...)
	begun.url = config.AuthCodeURL(begun.state, options...)
	return begun
}

// answer goes through the hosted pages and gives what arrives at the redirect URI: state and issuer are checked.
func (begun attempt) answer(t *testing.T) url.Values {
	t.Helper()
	brought := errand(t, "sign-in", map[string]string{"url": begun.url})
	text, _ := brought["url"].(string)
	back, err := url.Parse(text)
	if err != nil || text == "" {
		t.Fatalf("no answer but %v", brought)
	}
	answer := back.Query()
	if answer.Get("state") != begun.state || answer.Get("iss") != world.Issuer {
		t.Fatalf("state or iss (RFC 9207) is wrong in %v", answer)
	}
	return answer
}

// signIn goes through the code flow: tokens, and the ID token verified.
func signIn(t *testing.T, config *oauth2.Config) (*oauth2.Token, *oidc.IDToken) {
	t.Helper()
	begun := begin(config)
	token, err := config.Exchange(t.Context(), begun.answer(t).Get("code"), oauth2.VerifierOption(begun.verifier))
	if err != nil {
		t.Fatal(err)
	}
	id := verified(t, config, token)
	if id.Nonce != begun.nonce {
		t.Fatalf("nonce is %q", id.Nonce)
	}
	return token, id
}

// verified checks signature, issuer, audience, expiry and at_hash.
func verified(t *testing.T, config *oauth2.Config, token *oauth2.Token) *oidc.IDToken {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// refused holds a call to the error code of the standard.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	var retrieved *oauth2.RetrieveError
	if !errors.As(err, &retrieved) {
		t.Fatalf("not refused by the token endpoint: %v", err)
	}
	if retrieved.ErrorCode != code {
		t.Fatalf("refused with %q (%s), not %q", retrieved.ErrorCode, retrieved.ErrorDescription, code)
	}
}

// call asks the API with a token of this client.
func call(t *testing.T, config *oauth2.Config, token *oauth2.Token) int {
	t.Helper()
	answer, err := config.Client(t.Context(), token).Get(world.API.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
