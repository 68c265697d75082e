import { GatewayError } from '../../base/errors/gateway-error.js';
import type { JsonObject } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';
import { turnsOf, type Turn } from './turns.js';

/**
 * Every result of a tool answers a call in the turn right before it, and every call has its result right behind it. The
 * words are Anthropic's, which clients know.
 * @param isContinued whether the first turn may answer calls that are not in the body
 * @throws GatewayError invalid_value
 */
export function refuseUnpaired(body: JsonObject, isContinued: boolean): void {
  let before: Turn | undefined;
  for (const turn of turnsOf(body)) {
    if (!before && isContinued) {
      before = turn;
      continue;
    }
    const asked = new Set(before?.role === 'assistant' ? idsIn(before, 'tool_use', 'id') : []);
    const answered = new Set(idsIn(turn, 'tool_result', 'tool_use_id'));
    const stray = [...answered].find((id) => !asked.has(id));
    if (stray !== undefined) throw strayResult(turn, stray);
    const open = [...asked].filter((id) => !answered.has(id));
    if (before && open.length > 0) throw openCalls(before, open);
    before = turn;
  }
  if (before?.role !== 'assistant') return;
  const open = idsIn(before, 'tool_use', 'id');
  if (open.length > 0) throw openCalls(before, open);
}

function idsIn({ blocks }: Turn, type: string, field: string): readonly string[] {
  return blocks.flatMap((block) => (block['type'] === type ? (textIn(block[field]) ?? '') : []));
}

function strayResult({ index }: Turn, id: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${shown(id)}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
    { param: `messages[${index}]` },
  );
}

function openCalls({ index }: Turn, ids: readonly string[]): GatewayError {
  return new GatewayError(
    'invalid_value',
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.slice(0, 10).map(shown).join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    { param: `messages[${index}]` },
  );
}

/** The client made the id up; only one that looks like an id is repeated. */
function shown(id: string): string {
  return /^[\w:.-]{1,64}$/.test(id) ? id : '…';
}
