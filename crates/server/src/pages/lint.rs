//! Renders every sample of every page and lints the result.
