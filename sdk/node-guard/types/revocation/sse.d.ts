/** Cuts a stream of bytes into events. */
export class EventReader {
    /** @param {number} max characters of one event */
    constructor(max: number);
    /**
     * The events that end in these bytes.
     * @param {Uint8Array} bytes
     * @returns {Generator<{ event: string, data: string }, void>}
     */
    push(bytes: Uint8Array): Generator<{
        event: string;
        data: string;
    }, void>;
    #private;
}
