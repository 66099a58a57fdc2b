//! The tower layers.

use tower::Layer;

use crate::{
    guard::Guard,
    scope::Requirement,
    service::{GuardService, RequireService},
};

/// Authenticates every request: made by [`Guard::layer`].
#[derive(Debug, Clone)]
pub struct GuardLayer {
    guard: Guard,
}

impl GuardLayer {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService::new(self.guard.clone(), inner)
    }
}

/// Lets pass only callers with a scope or role: made by [`Guard::scope`], [`Guard::any_scope`] and [`Guard::role`].
#[derive(Debug, Clone)]
pub struct RequireLayer {
    guard: Guard,
    requirement: std::sync::Arc<Requirement>,
}

impl RequireLayer {
    pub(crate) fn new(guard: Guard, requirement: Requirement) -> Self {
        Self { guard, requirement: requirement.into() }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> RequireService<S> {
        RequireService::new(self.guard.clone(), self.requirement.clone(), inner)
    }
}
