/** The gateway cannot start, for a reason that is the operator's to mend. The message, with that of the cause, says how. */
export class StartError extends Error {}
