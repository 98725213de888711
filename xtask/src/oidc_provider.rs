//! The OpenID Connect provider that the browser tests sign in through, as a process of ours.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{setup, shell};

/// What the web app's tests look for.
const ID: &str = "harbour";
const NAME: &str = "Harbour Identity";
const CLIENT_ID: &str = "memoreel";
const CLIENT_SECRET: &str = "a secret of the browser tests";

/// Stopped when dropped.
pub struct OidcProvider {
    process: Child,
    issuer: String,
}

impl OidcProvider {
    /// Starts it for a server that people reach at `public_url`.
    pub fn start(public_url: &str) -> Result<Self> {
        let settings = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [format!("{public_url}/api/v1/auth/providers/{ID}/callback")],
        });
        let mut node = shell::command("node");
        node.current_dir(shell::target().join(setup::OIDC_PROVIDER));
        node.args(["provider.mjs", &settings.to_string()]);
        // The end of its input ends it.
        node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = node.spawn().context("cannot run the OpenID Connect provider")?;
        let stdout = process.stdout.take().context("the OpenID Connect provider has no output")?;
        let mut provider = Self { process, issuer: String::new() };
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if line.starts_with("http://") {
                provider.issuer = line;
                break;
            }
        }
        ensure!(
            !provider.issuer.is_empty(),
            "the OpenID Connect provider did not start; `cargo xtask setup` brings it"
        );
        Ok(provider)
    }

    /// What the server is to know of it.
    pub fn settings(&self) -> String {
        let provider = json!({
            "id": ID,
            "name": NAME,
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "trust_email": true,
        });
        json!([provider]).to_string()
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_process::agent;

    #[test]
    fn it_describes_itself_under_the_address_it_tells() {
        setup::install_oidc_provider().unwrap();
        let provider = OidcProvider::start("http://127.0.0.1:8080").unwrap();
        let address = format!("{}/.well-known/openid-configuration", provider.issuer);
        let told = agent().get(address).call().unwrap().body_mut().read_to_string().unwrap();
        assert!(told.contains(&format!(r#""issuer":"{}""#, provider.issuer)), "{told}");
        assert!(provider.settings().contains(&provider.issuer));
    }
}
