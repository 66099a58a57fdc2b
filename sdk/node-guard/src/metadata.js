/** Protected resource metadata (RFC 9728): which issuer this API trusts, open to all. */

import { PROOF_ALGORITHMS } from './dpop.js';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/**
 * Where the document is: the audience's path goes behind the well-known one (RFC 9728 §3.1). An audience that is no address
 * has a path and no URL.
 * @param {string} audience
 * @returns {{ path: string, url?: string }}
 */
export function metadataAddress(audience) {
  const url = URL.canParse(audience) ? new URL(audience) : undefined;
  if (!url?.host) return { path: WELL_KNOWN };
  url.pathname = `${WELL_KNOWN}${url.pathname.replace(/\/+$/, '')}`;
  return { path: url.pathname, url: url.href };
}

/**
 * The document (RFC 9728 §2).
 * @param {{ issuer: string, audience: string, query: boolean, dpop?: { required?: boolean }, certificates?: object,
 *   scopesSupported: string[] }} settings
 */
export function metadataDocument({ issuer, audience, query, dpop, certificates, scopesSupported }) {
  const methods = [...(dpop?.required ? [] : ['header']), ...(query ? ['query'] : [])];
  return JSON.stringify({
    authorization_servers: [issuer],
    bearer_methods_supported: methods,
    ...(dpop && {
      dpop_bound_access_tokens_required: dpop.required ?? false,
      dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    }),
    resource: audience,
    ...(scopesSupported.length > 0 && { scopes_supported: scopesSupported }),
    ...(certificates && { tls_client_certificate_bound_access_tokens: true }),
  });
}

/**
 * Answers requests for the document and lets others pass.
 * @param {string} path
 * @param {string} document
 * @returns {import('./guard.js').Middleware}
 */
export function metadataHandler(path, document) {
  return (request, response, next) => {
    const { originalUrl, url = '' } = /** @type {{ originalUrl?: string, url?: string }} */ (request);
    const [asked] = (originalUrl ?? url).split('?');
    if (asked !== path || !['GET', 'HEAD'].includes(request.method ?? '')) return next();
    response.setHeader('content-type', 'application/json');
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('cache-control', 'public, max-age=3600');
    response.end(request.method === 'HEAD' ? undefined : document);
  };
}
