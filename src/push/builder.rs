use std::fmt;
use std::time::Duration;

use super::auth::{BasicAuth, Password};
use super::base::{BaseUrl, without_credentials};
use super::error::ConfigError;
use super::gateway::Pushgateway;
use super::retry::Policy;

/// Settings of a [`Pushgateway`] client.
#[derive(Clone)]
#[must_use]
pub struct PushgatewayBuilder {
    url: String,
    username: Option<String>,
    password: Option<Password>,
    policy: Policy,
}

impl PushgatewayBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            username: None,
            password: None,
            policy: Policy {
                timeout: Duration::from_secs(10),
                retries: 3,
            },
        }
    }

    /// The time for one delivery in all: resolve, connect, send, receive, every retry and every pause. Defaults to 10
    /// seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeout = timeout;
        self
    }

    /// How often a delivery is tried again within its time, when what failed may pass. Defaults to 3.
    pub fn retries(mut self, retries: u32) -> Self {
        self.policy.retries = retries;
        self
    }

    /// The user name for Basic auth. Defaults to the one in the URL, or none.
    pub fn username(self, username: impl Into<String>) -> Self {
        Self {
            username: Some(username.into()),
            ..self
        }
    }

    /// The password for Basic auth. Defaults to the one in the URL, or the empty one.
    pub fn password(self, password: Password) -> Self {
        Self {
            password: Some(password),
            ..self
        }
    }

    /// Makes the client. Nothing is sent, resolved or read yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the URL is none, a password has no user name, or a user name holds a colon.
    pub fn build(&self) -> Result<Pushgateway, ConfigError> {
        let (base, auth) = self.parts()?;
        Ok(Pushgateway::assemble(base, auth, self.policy))
    }

    /// Checks what [`build`](Self::build) would, without making a client.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], as from [`build`](Self::build).
    pub fn check(&self) -> Result<(), ConfigError> {
        self.parts().map(drop)
    }

    fn parts(&self) -> Result<(String, Option<BasicAuth>), ConfigError> {
        let url = BaseUrl::parse(&self.url)?;
        let auth = BasicAuth::new(
            self.username.clone().or(url.username),
            self.password.clone().or(url.password.map(Password::Value)),
        )?;
        Ok((url.base, auth))
    }
}

impl fmt::Debug for PushgatewayBuilder {
    /// Without the credentials that the URL may hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushgatewayBuilder")
            .field("url", &without_credentials(&self.url))
            .field("username", &self.username)
            .field("password", &self.password)
            .field("timeout", &self.policy.timeout)
            .field("retries", &self.policy.retries)
            .finish()
    }
}
