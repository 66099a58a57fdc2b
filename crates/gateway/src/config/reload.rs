//! What of a changed file counts at once (SIGHUP), and what after a restart.

use super::Config;

impl Config {
    /// This configuration, with all that can change while the gateway runs taken from `new`. TLS can be read from other files, but neither begin
    /// nor end.
    pub(crate) fn take_up(&self, new: &Self) -> Self {
        let mut next = self.clone();
        next.scope.clone_from(&new.scope);
        next.origins.clone_from(&new.origins);
        next.app.clone_from(&new.app);
        next.apis.clone_from(&new.apis);
        next.http.max_body_bytes = new.http.max_body_bytes;
        if self.http.tls.is_some() && new.http.tls.is_some() {
            next.http.tls.clone_from(&new.http.tls);
        }
        next.upstream.timeout_secs = new.upstream.timeout_secs;
        next
    }

    /// The settings that `new` has otherwise, after all that could be was taken up: they count after a restart.
    pub(crate) fn waiting(&self, new: &Self) -> Vec<&'static str> {
        let (http, other) = (&self.http, &new.http);
        let rows = [
            ("url", self.origin != new.origin),
            ("issuer", self.issuer != new.issuer),
            ("client_id", self.client_id != new.client_id),
            ("client_secret", self.client_secret != new.client_secret),
            ("data", self.data != new.data),
            ("session.idle", self.session.idle_secs != new.session.idle_secs),
            ("session.absolute", self.session.absolute_secs != new.session.absolute_secs),
            ("http.listen", http.listen != other.listen),
            ("http.trusted_proxies", http.trusted_proxies != other.trusted_proxies),
            ("http.max_header", http.max_header_bytes != other.max_header_bytes),
            ("http.max_connections", http.max_connections != other.max_connections),
            ("http.header_timeout", http.header_timeout_secs != other.header_timeout_secs),
            ("http.drain_timeout", http.drain_timeout_secs != other.drain_timeout_secs),
            ("http.tls.cert", http.tls != other.tls),
            ("upstream.ca", self.upstream.ca != new.upstream.ca),
            ("log.format", self.log.format != new.log.format),
            ("log.level", self.log.level != new.log.level),
        ];
        rows.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}
