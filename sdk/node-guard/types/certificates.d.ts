/**
 * Refuses what is no address and no network.
 * @param {string[]} texts
 */
export function networks(texts: string[]): BlockList;
/**
 * The certificate in a proxy's header.
 * @param {string} text
 * @returns {Uint8Array | undefined}
 */
export function readHeader(text: string): Uint8Array | undefined;
/** What takes tokens that are bound to certificates for one guard. */
export class Certificates {
    /** @param {CertificateOptions} options checked */
    constructor({ required, header, proxies }: CertificateOptions);
    required: boolean;
    /**
     * Whether a token that is bound to this thumbprint may be shown on the request's connection.
     * @param {string} thumbprint
     * @param {Request} request
     */
    admit(thumbprint: string, request: Request): void;
    #private;
}
export type Request = import("node:http").IncomingMessage;
export type CertificateOptions = {
    /**
     * takes no tokens but bound ones
     */
    required?: boolean | undefined;
    /**
     * in which a proxy hands on the certificate: `client-cert` (RFC 9440), or one with PEM in
     * percent-encoding. The proxy must overwrite it, whatever a client has sent
     */
    header?: string | undefined;
    /**
     * addresses and networks (`10.0.0.7`, `10.1.0.0/16`) from which the header is believed
     */
    proxies?: string[] | undefined;
};
import { BlockList } from 'node:net';
