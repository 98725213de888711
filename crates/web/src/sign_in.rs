//! How people may sign in beside their password, as whoever runs the server has it.

use std::net::SocketAddr;

/// The ways in that are configured.
#[derive(Debug, Clone, Default)]
pub struct SignInSettings {
    /// In the order in which people are offered them.
    pub providers: Vec<Provider>,
    /// Whether nobody may make an account of their own.
    pub is_sign_up_closed: bool,
    /// Asked for the records that verify domains; the system's own name servers without it.
    pub dns_server: Option<SocketAddr>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Names it in addresses, and in what is kept of people who came through it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it describes itself.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// What this server shows it to be believed; absent for public clients.
    pub client_secret: Option<ClientSecret>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Whether an address is believed to be its person's when the provider says so.
    pub trust_email: bool,
}

/// A client secret, which is not shown by mistake.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Wraps the secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// For the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

impl SignInSettings {
    /// The provider with this id.
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.id == id)
    }

    /// What people call a provider; its id when it is not configured any more.
    pub fn provider_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.provider(id).map_or(id, |provider| &provider.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_secret_is_not_shown_with_the_settings() {
        let provider = Provider {
            id: "harbour".to_owned(),
            name: "Harbour".to_owned(),
            issuer: "https://id.example.com".to_owned(),
            client_id: "memoreel".to_owned(),
            client_secret: Some(ClientSecret::new("open sesame".to_owned())),
            scopes: Vec::new(),
            trust_email: true,
        };
        let settings = SignInSettings { providers: vec![provider], ..SignInSettings::default() };
        assert!(!format!("{settings:?}").contains("sesame"));
        assert_eq!(settings.provider_name("harbour"), "Harbour");
        assert_eq!(settings.provider_name("gone"), "gone");
    }
}
