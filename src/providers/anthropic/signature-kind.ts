/** First letter of a signature's payload: what follows is the signature of a thinking block. */
export const SIGNED = 't';
/** What follows is the data of a block whose thinking is encrypted as a whole. */
export const REDACTED = 'r';
