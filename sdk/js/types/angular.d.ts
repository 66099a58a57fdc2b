/** @typedef {import('./symbolon.js').Auth} Auth */
/** Made by provideSymbolon(); `inject(SymbolonAuth)` gives it. */
export class SymbolonAuth {
    /** @param {Auth} sdk whose `login` and `logout` stand here, too */
    constructor(sdk: Auth);
    sdk: import("./symbolon.js").Auth;
    login: (options?: Login) => Promise<void>;
    logout: (options?: {
        returnTo?: string;
        everywhere?: boolean;
    }) => Promise<void>;
    state: import("@angular/core").Signal<import("./options.js").State>;
    /** Who is signed in, or null. */
    user: import("@angular/core").Signal<Readonly<Record<string, any>> | null>;
    loggedIn: import("@angular/core").Signal<boolean>;
    /** Reads a signal: in a template it follows changes. @param {string} scope */
    hasScope: (scope: string) => boolean;
    /** Reads a signal: in a template it follows changes. @param {string} role */
    hasRole: (role: string) => boolean;
    /** The current state and every change of it. @type {Observable<import('./symbolon.js').State>} */
    state$: Observable<import("./symbolon.js").State>;
    user$: Observable<Readonly<Record<string, any>> | null>;
    loggedIn$: Observable<boolean>;
    #private;
}
export function provideSymbolon(options: import("./symbolon.js").Options | Auth): import("@angular/core").EnvironmentProviders;
/**
 * Sends the access token with requests to the `apis`, and with no others, by the rules of `auth.fetch`: a 401 renews
 * and tries once more. HttpClient goes on sending the requests itself.
 * @type {import('@angular/common/http').HttpInterceptorFn}
 */
export const symbolonInterceptor: import("@angular/common/http").HttpInterceptorFn;
/** For people who are signed in. */
export const signedInGuard: import("@angular/router").CanActivateFn;
export function scopeGuard(scope: string, otherwise?: string): import("@angular/router").CanActivateFn;
export function roleGuard(role: string, otherwise?: string): import("@angular/router").CanActivateFn;
export type Auth = import("./symbolon.js").Auth;
import { Observable } from 'rxjs';
