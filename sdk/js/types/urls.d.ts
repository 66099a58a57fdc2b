/**
 * An absolute https URL (http on loopback only) without credentials, query or fragment.
 * @param {unknown} value
 * @param {string} name the option, for the error
 */
export function secureUrl(value: unknown, name: string): URL;
/**
 * The API a URL belongs to, if any: the most specific one. No match means no token.
 * @param {Api[]} apis
 * @param {string | URL} target
 */
export function matchApi(apis: Api[], target: string | URL): Api | undefined;
/**
 * A place of this origin as an absolute URL; anything else becomes the fallback. Checked when stored and when used,
 * and kept absolute: a path rebuilt from parts can turn into `//elsewhere`.
 * @param {string | undefined} target
 * @param {string} here the current URL
 * @param {string} fallback
 */
export function sameOrigin(target: string | undefined, here: string, fallback: string): string;
export function parseApis(apis: Record<string, {
    audience?: string;
    scope?: string;
}>): Api[];
export type Api = {
    base: URL;
    audience: string;
    scope: string;
};
