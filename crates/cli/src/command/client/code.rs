//! `symbolon client code`: what a page needs to sign people in, ready to copy. The import map names each file by its hash and what
//! must be in it, so a browser that knows `integrity` runs nothing else.

use serde_json::Value;

use crate::output::{Output, text};

pub(super) fn show(answer: &Value, output: &Output) {
    let scripts = answer["scripts"].as_array().map_or(&[][..], Vec::as_slice);
    let Some(core) = scripts.first().map(|script| quoted(&script["url"])) else { return };
    let integrity: Vec<String> = scripts
        .iter()
        .map(|script| format!("    {}: {}", quoted(&script["url"]), quoted(&script["integrity"])))
        .collect();
    output.line("<script type=\"importmap\">");
    output.line("{");
    output.line(&format!("  \"imports\": {{ \"symbolon\": {core} }},"));
    output.line(&format!("  \"integrity\": {{\n{}\n  }}", integrity.join(",\n")));
    output.line("}\n</script>");
    output.line("<script type=\"module\">\nimport { createAuth } from 'symbolon';\n");
    output.line(&format!("const auth = createAuth({{\n{}\n}});", options(answer)));
    output.line("await auth.start();");
    output.line("auth.subscribe(({ user }) => console.log(user ? user.name : 'signed out'));");
    output.line("// auth.login(), auth.logout(), auth.fetch(url)\n</script>");
}

fn options(answer: &Value) -> String {
    let client = &answer["client"];
    let mut lines = vec![("issuer", quoted(&answer["issuer"])), ("clientId", quoted(&client["client_id"]))];
    if let Some(redirect_uri) = client["redirect_uris"].get(0) {
        lines.push(("redirectUri", quoted(redirect_uri)));
    }
    if client["token_delivery"] == "cookie" {
        lines.push(("storage", "'cookie'".to_owned()));
    }
    let apis = client["apis"].as_array().map_or(&[][..], Vec::as_slice);
    let apis: Vec<String> = apis
        .iter()
        .map(|api| format!("{}: {{ scope: {} }}", quoted(&api["audience"]), quoted(&api["scopes"])))
        .collect();
    if !apis.is_empty() {
        lines.push(("apis", format!("{{ {} }}", apis.join(", "))));
    }
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("  {name}: {value},")).collect();
    lines.join("\n")
}

/// As a string of JSON and of JavaScript, which cannot end the script it stands in.
fn quoted(value: &Value) -> String {
    Value::from(text(value)).to_string().replace('<', "\\u003c")
}
