import { newId } from '../base/ids.js';

const DIGITS = 24;
const MADE_HERE = new RegExp(`^toolu_[0-9a-f]{${DIGITS}}$`);

/** An id that the gateway gives a call for clients of the Messages wire, in place of another wire's. */
export function newToolUseId(): string {
  return `toolu_${newId('call').slice(-DIGITS)}`;
}

/** Whether a call was made over another wire than Messages. Anthropic's own ids have letters that are no digits. */
export function isMadeHere(toolUseId: string): boolean {
  return MADE_HERE.test(toolUseId);
}
