// Passkeys on the hosted pages: fills in the form that a person would otherwise have no way to fill, and posts it. Everything else works without.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : "";
const ids = (list) => (list ? list.split(" ").map((id) => ({ type: "public-key", id: bytes(id) })) : []);

const form = document.querySelector("form[data-passkey]");
const { challenge, rp, verify } = form ? form.dataset : {};

function send(fields) {
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  // What stands in the form beside it counts for this way, too.
  const keep = document.getElementById("keep");
  if (keep && form.elements.keep) form.elements.keep.disabled = !keep.checked;
  form.submit();
}

async function get(options) {
  const publicKey = { challenge: bytes(challenge), rpId: rp, userVerification: verify, allowCredentials: ids(form.dataset.allow) };
  const { rawId, response } = await navigator.credentials.get({ publicKey, ...options });
  send({
    credential: text(rawId),
    client_data: text(response.clientDataJSON),
    authenticator_data: text(response.authenticatorData),
    signature: text(response.signature),
    user_handle: text(response.userHandle),
  });
}

async function create() {
  const { user, account, display, name, exclude } = form.dataset;
  const publicKey = {
    challenge: bytes(challenge),
    rp: { id: rp, name },
    user: { id: bytes(user), name: account, displayName: display },
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
    excludeCredentials: ids(exclude),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    extensions: { credProps: true },
  };
  const { response, authenticatorAttachment } = await navigator.credentials.create({ publicKey });
  send({
    client_data: text(response.clientDataJSON),
    attestation: text(response.attestationObject),
    attachment: authenticatorAttachment || "",
  });
}

if (form && window.PublicKeyCredential) {
  form.hidden = false;
  // What stands there for browsers without passkeys.
  document.getElementById("unable")?.remove();
  const problem = document.getElementById("passkey-problem");
  let waiting = null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    waiting?.abort();
    problem.hidden = true;
    try {
      await (form.dataset.passkey === "create" ? create() : get({}));
    } catch {
      problem.hidden = false;
    }
  });
  if (form.dataset.passkey === "offer" && (await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    waiting = new AbortController();
    get({ mediation: "conditional", signal: waiting.signal }).catch(() => {});
  }
}
