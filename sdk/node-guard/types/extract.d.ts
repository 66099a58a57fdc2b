/**
 * Finds the one token of a request.
 * @param {Request} request
 * @param {Sources} sources
 * @returns {Found | undefined}
 */
export function find(request: Request, sources: Sources): Found | undefined;
/**
 * Whether these are characters of a token.
 * @param {string} text
 */
export function checkedToken(text: string): string;
/**
 * The value of a header that came exactly once, in printable ASCII.
 * @param {Request} request
 * @param {string} name
 */
export function single(request: Request, name: string): string | undefined;
/**
 * All lines of a header, as they came: Node joins or drops those that came twice.
 * @param {Request} request
 * @param {string} name in lower case
 */
export function lines({ rawHeaders, headers }: Request, name: string): string[];
export type Request = import("node:http").IncomingMessage;
export type Sources = {
    cookie?: string;
    cookieOrigins: string[];
    query: boolean;
    dpop?: object;
};
/**
 * A token as it stands in the request. In a header its characters have not been looked at yet: one that was seen before
 * needs no second look, {@link checkedToken} is for others.
 */
export type Found = {
    token: string;
    place: "header" | "proof" | "query" | "cookie";
};
