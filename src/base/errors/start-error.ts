/** The gateway cannot start, for a reason that the operator can fix. The message and its cause say how. */
export class StartError extends Error {}
