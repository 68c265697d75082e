import type { JsonObject, JsonValue } from '../../src/base/json.js';
import { refusesMessage } from './messages-wire.js';
import type { Exchange, Handler } from './scripted-upstream.js';
import { textIn } from './talks/talk.js';

/** As it was sent: a plain string is one text. */
interface SentTurn {
  readonly role: string;
  readonly content: string | readonly JsonObject[];
}

interface Turn {
  readonly role: string;
  readonly content: readonly JsonObject[];
}

/** Refuses what Anthropic refuses; see `messagesProblem`. */
export function judged(thoughts: ReadonlyMap<string, string>, answer: Handler): Handler {
  return (exchange) => {
    const problem = messagesProblem(exchange.request, thoughts);
    return (problem === undefined ? answer : refusesMessage(400, problem))(exchange);
  };
}

/**
 * What Anthropic is documented, or reported, to refuse; undefined for nothing. Its thinking must come back letter by
 * letter.
 *
 * @param thoughts the text behind each signature that this service has given
 */
export function messagesProblem(
  { headers, body, path, method }: Exchange['request'],
  thoughts: ReadonlyMap<string, string>,
): string | undefined {
  if (method !== 'POST' || path !== '/v1/messages') return 'no such route';
  if (headers['x-api-key'] === undefined || headers.authorization !== undefined) return 'invalid x-api-key';
  return headers['anthropic-version'] === undefined
    ? 'anthropic-version: header is required'
    : problemOf(body, thoughts);
}

const FIELDS = new Set([
  ...[
    'model',
    'max_tokens',
    'system',
    'tools',
    'tool_choice',
    'messages',
    'thinking',
    'output_config',
    'stream',
  ],
  ...['temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata', 'service_tier'],
]);

function problemOf(body: JsonObject, thoughts: ReadonlyMap<string, string>): string | undefined {
  const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) return `${unknown}: Extra inputs are not permitted`;
  if (typeof body['max_tokens'] !== 'number') return 'max_tokens: Field required';
  const turns = (body['messages'] as unknown as readonly SentTurn[]).map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? [{ type: 'text', text: content }] : content,
  }));
  if (turns.length === 0) return 'messages: at least one message is required';
  const marks = JSON.stringify(body).match(/"cache_control"/g)?.length ?? 0;
  if (marks > 4) return `A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`;
  return (
    thinkingProblem(body, turns) ??
    first(turns, (turn, index) => turnProblem(turn, turns[index + 1], index, thoughts))
  );
}

function thinkingProblem(body: JsonObject, turns: readonly Turn[]): string | undefined {
  const { thinking, tool_choice: choice, temperature } = body as Record<string, JsonObject | undefined>;
  if (thinking === undefined || thinking['type'] === 'disabled') return undefined;
  if (choice?.['type'] === 'any' || choice?.['type'] === 'tool')
    return 'Thinking may not be enabled when tool_choice forces tool use.';
  if (temperature !== undefined) return '`temperature` may only be set to 1 when thinking is enabled.';
  let last = turns.length - 1;
  while (turns[last]?.content.some(({ type }) => type === 'tool_result')) last -= 2;
  const begun = turns[last + 1]?.content[0]?.['type'];
  return begun === undefined || /thinking/.test(textIn(begun))
    ? undefined
    : `messages.${last + 1}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${textIn(begun)}\`.`;
}

function turnProblem(
  { role, content }: Turn,
  next: Turn | undefined,
  index: number,
  thoughts: ReadonlyMap<string, string>,
): string | undefined {
  if (role !== (index % 2 === 0 ? 'user' : 'assistant')) return `messages.${index}: roles must alternate`;
  const called = idsOf(content, 'tool_use', 'id');
  const answered = idsOf(next?.content ?? [], 'tool_result', 'tool_use_id');
  if (JSON.stringify(called) !== JSON.stringify(answered))
    return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after`;
  return first(content, (block, position) => {
    const path = `messages.${index}.content.${position}`;
    if (block['type'] === 'text' && textIn(block['text']).trim() === '')
      return `${path}: text must be non-empty`;
    if (block['type'] !== 'thinking') return undefined;
    return thoughts.get(textIn(block['signature'])) === block['thinking']
      ? undefined
      : `${path}: Invalid \`signature\` in \`thinking\` block`;
  });
}

function idsOf(content: readonly JsonObject[], type: string, name: string): readonly JsonValue[] {
  return content.filter((block) => block['type'] === type).map((block) => block[name] ?? null);
}

function first<Item>(
  items: readonly Item[],
  problem: (item: Item, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = problem(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}
