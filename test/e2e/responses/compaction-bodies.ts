import type { ResponseBody } from '../../support/responses-client.js';

export const TRIGGER = { type: 'compaction_trigger' };
export const SUMMARY = 'Summary of the conversation so far:\n\n';
/** 100 tokens in and 50 out, at 1 and 2 USD per million, with the fee. */
export const ONE_CALL = 202;
export const TWO_CALLS = 404;
export const LONG = 'A long story. '.repeat(400);
export const COMPACTING = { context_management: [{ type: 'compaction', compact_threshold: 1_000 }] };
export const TURNS = [
  { role: 'developer', content: 'Be brief.' },
  { role: 'user', content: LONG },
  { role: 'assistant', content: 'I see.' },
];

export function types({ output }: ResponseBody): readonly string[] {
  return output.map(({ type }) => type);
}
