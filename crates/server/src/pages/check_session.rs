//! The page that pages of clients frame to watch the session (OpenID Connect Session Management 1.0 §3.2).
//!
//! Nobody sees it. A fixed script, allowed by its hash, takes `client_id session_state` from the page around it, computes the hash
//! again over the state in our cookie, and answers `unchanged`, `changed` or `error`, to the origin that asked. Where the browser
//! keeps cookies from frames it answers `error`, which sends nobody to sign in again (§3.1): `changed` would, for ever.

use askama::Template;

use super::Csp;

/// Answers messages. §3.2: "If the postMessage received is syntactically malformed … the OP iframe SHOULD postMessage the string error back".
const SCRIPT: &str = "const{cookie:name,origins:all}=document.body.dataset,origins=all.split(' '),\
state=()=>document.cookie.split('; ').filter(c=>c.startsWith(name+'=')).map(c=>c.slice(name.length+1))[0]||'';\
async function answer({data,origin}){\
const parts=typeof data==='string'?/^([^ ]+) ([A-Za-z0-9_-]{43})\\.([A-Za-z0-9_-]+)$/.exec(data):null;\
if(!parts)return'error';\
const [,id,hash,salt]=parts,now=state();\
if(!now&&document.hasStorageAccess&&!await document.hasStorageAccess())return'error';\
const text=new TextEncoder().encode([id,origin,now,salt].join(' ')),\
bytes=new Uint8Array(await crypto.subtle.digest('SHA-256',text)),\
own=btoa(String.fromCharCode(...bytes)).replace(/\\+/g,'-').replace(/\\//g,'_').replace(/=+$/,'');\
return own===hash?'unchanged':'changed'}\
addEventListener('message',e=>{if(e.source&&origins.includes(e.origin))\
answer(e).catch(()=>'error').then(a=>e.source.postMessage(a,e.origin))})";
/// The hash of [`SCRIPT`] as a source expression; a test computes it afresh.
const SCRIPT_HASH: &str = "'sha256-QPcC4HqYm9KDNXffia12nCc51PJ+l4zh/8DzhQIqSaE='";

/// `GET /check-session`.
#[derive(Clone, Debug, Template)]
#[template(path = "check_session.html")]
pub struct CheckSession {
    /// The name of the cookie that holds the browser's state.
    pub cookie: String,
    /// The origins whose pages are answered, separated by spaces.
    pub origins: String,
}

impl CheckSession {
    /// The policy this page needs: its script, and the origins whose pages may frame it.
    pub fn csp<'o>(origins: impl Iterator<Item = &'o str>) -> Csp {
        origins.fold(Csp::strict().script(SCRIPT_HASH), Csp::framed_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_scripts() {
        let digest = symbolon_jose::sha256(SCRIPT.as_bytes());
        assert_eq!(SCRIPT_HASH, format!("'sha256-{}'", base64_simd::STANDARD.encode_to_string(digest)));
    }

    /// §3.2: "The OP iframe MUST enforce that the caller is from an expected origin": nothing is told to whoever listens.
    #[test]
    fn the_answer_goes_to_the_origin_that_asked_and_to_nobody_else() {
        assert_eq!(SCRIPT.matches("postMessage(").count(), 1);
        assert!(
            SCRIPT.contains("origins.includes(e.origin)")
                && SCRIPT.contains("postMessage(a,e.origin)")
                && !SCRIPT.contains("'*'")
        );
        let html = CheckSession { cookie: "symbolon-state-4400".into(), origins: "https://a.example".into() }
            .render()
            .unwrap();
        assert!(
            html.contains(&format!("<script>{SCRIPT}</script>"))
                && html.contains("data-cookie=\"symbolon-state-4400\"")
        );
    }

    #[test]
    fn only_the_origins_of_clients_that_watch_may_frame_it() {
        let policy =
            CheckSession::csp(["https://a.example", "https://*.example", "https://b.example:8443"].into_iter())
                .policy();
        assert!(policy.contains("; frame-ancestors https://a.example https://b.example:8443;"), "{policy}");
        let nobody = CheckSession::csp(std::iter::empty()).policy();
        assert!(nobody.contains("frame-ancestors 'none'"), "{nobody}");
    }
}
