//! Request headers to tenants.

use gw_base::Tenant;
use http::HeaderMap;

use crate::errors::OtlpError;

/// The header that OpenTelemetry collectors set for multi-tenant backends.
const TENANT_HEADER: &str = "x-scope-orgid";

/// The tenant of a request; the default one when none is named.
pub(crate) fn tenant(headers: &HeaderMap) -> Result<Tenant, OtlpError> {
    match headers.get(TENANT_HEADER).and_then(|value| value.to_str().ok()) {
        None | Some("") => Ok(Tenant::default()),
        Some(name) => Tenant::new(name).map_err(|error| OtlpError::invalid(error.to_string())),
    }
}
