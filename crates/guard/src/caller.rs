//! Who called: what a handler is given.

use std::{fmt, ops::Deref, sync::Arc};

use symbolon_revocation::Fingerprint;

use crate::{
    claims::{Claims, NoExtra},
    error::Rejection,
    guard::Guard,
    scope::Requirement,
    seen::Proven,
};

/// The caller of a request, proven by its token. Dereferences to the token's [`Claims`].
///
/// `Caller<C>` also reads the claims that have no field of their own into your type:
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use symbolon_guard::Caller;
///
/// #[derive(Clone, serde::Deserialize)]
/// struct Mine {
///     tenant: String,
/// }
///
/// async fn handler(caller: Caller<Mine>) -> String {
///     format!("{} of {}", caller.sub, caller.custom.tenant)
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Caller<C = NoExtra> {
    proven: Arc<Proven>,
    /// The claims of your own; [`NoExtra`] unless asked for.
    pub custom: C,
}

impl Caller {
    pub(crate) fn new(proven: Arc<Proven>) -> Self {
        Self { proven, custom: NoExtra }
    }

    #[cfg_attr(not(feature = "axum"), expect(dead_code, reason = "used by the extractors"))]
    pub(crate) fn with_custom<C>(self, custom: C) -> Caller<C> {
        Caller { proven: self.proven, custom }
    }
}

impl<C> Caller<C> {
    /// Of the key that signed its token.
    pub(crate) fn key_print(&self) -> Fingerprint {
        self.proven.ids.key()
    }
}

impl<C> Deref for Caller<C> {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.proven.claims
    }
}

impl<C> fmt::Debug for Caller<C> {
    /// The subject only: claims can hold what does not belong in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("sub", &self.sub).finish_non_exhaustive()
    }
}

/// What a guard layer found out about a request; travels in its extensions.
#[derive(Debug, Clone)]
pub(crate) struct Authentication {
    pub(crate) guard: Guard,
    /// None: no token, and the guard lets such requests pass.
    caller: Option<Caller>,
}

impl Authentication {
    pub(crate) fn anonymous(guard: Guard) -> Self {
        Self { guard, caller: None }
    }

    pub(crate) fn of(guard: Guard, proven: Arc<Proven>) -> Self {
        Self { guard, caller: Some(Caller::new(proven)) }
    }

    pub(crate) fn caller(&self) -> Result<&Caller, Rejection> {
        self.caller.as_ref().ok_or(Rejection::NoToken)
    }

    /// Whether the caller has what is required.
    pub(crate) fn require(&self, requirement: &Requirement) -> Result<(), Rejection> {
        let caller = self.caller()?;
        match requirement {
            Requirement::AnyScope(scopes) => {
                let granted = scopes.iter().any(|scope| caller.has_scope(scope));
                granted.then_some(()).ok_or_else(|| Rejection::InsufficientScope { required: scopes.join(" ") })
            }
            Requirement::Authentication(needed) => {
                let strong = needed.acr_values.is_empty()
                    || caller.acr.as_ref().is_some_and(|acr| needed.acr_values.contains(acr));
                let (now, leeway) = self.guard.time();
                let is_fresh = |max_age: u64| {
                    // Who does not say when it was has not shown that it was lately.
                    caller.auth_time.is_some_and(|at| now <= at.saturating_add(max_age).saturating_add(leeway))
                };
                let fresh = needed.max_age.is_none_or(is_fresh);
                (strong && fresh).then_some(()).ok_or_else(|| Rejection::InsufficientAuthentication(needed.clone()))
            }
            Requirement::SignedUrl => caller.proven.by_url.then_some(()).ok_or(Rejection::NoSignedUrl),
            Requirement::Role(role) => {
                let held = caller.has_role(role);
                held.then_some(()).ok_or_else(|| Rejection::MissingRole { required: role.clone() })
            }
        }
    }
}
