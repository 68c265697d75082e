/** Largest request body, in bytes, of a route that takes user content. */
export const MAX_BODY_BYTES = Symbol('maximum body bytes');
