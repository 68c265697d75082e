/** The platform fee in basis points of the provider amount. */
export const FEE_BPS = Symbol('fee in basis points');
