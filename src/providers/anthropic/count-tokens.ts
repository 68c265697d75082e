import type { JsonObject } from '../../base/json.js';
import { secretsOf } from '../clean-message.js';
import { exchange } from '../http/exchange.js';
import { malformed } from '../http/malformed.js';
import { refusalOf } from '../http/refusal.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import { mapRefusal } from '../map-error.js';
import type { CountAttempt } from '../text/text-provider.js';
import { wellFormedJson } from '../well-formed.js';
import { VERSION } from './connect.js';
import { senseOf } from './map-error.js';

/** Fields of a Message that say nothing of its input. The service refuses them here. */
const OF_THE_ANSWER: ReadonlySet<string> = new Set([
  'container',
  'inference_geo',
  'max_tokens',
  'metadata',
  'service_tier',
  'stop_sequences',
  'stream',
  'temperature',
  'top_k',
  'top_p',
]);

const MOST_TOKENS = 2 ** 31;

/**
 * Input tokens as the service counts them, which costs nothing there.
 * @param body of a Message, as it would go up
 * @throws UpstreamFailure, also for an answer that is no count
 */
export async function countTokens(
  client: UpstreamClient,
  body: JsonObject,
  { call, target, signal, timeoutMs }: CountAttempt,
): Promise<number> {
  const counted = Object.entries(body).filter(([name]) => !OF_THE_ANSWER.has(name));
  const answer = await exchange(
    client,
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      headers: { ...VERSION, ...call.headers, 'content-type': 'application/json' },
      body: wellFormedJson(JSON.stringify(Object.fromEntries(counted))),
    },
    { signal, timeoutMs },
  );
  if ('refusal' in answer) {
    const { status, body: said, ...refusal } = refusalOf(answer.head, answer.refusal);
    const secrets = secretsOf(target.provider);
    throw mapRefusal(status, said, { secrets, isOtherWire: true, senseOf, ...refusal });
  }
  const { input_tokens: tokens } = answer.accepted;
  if (!isCount(tokens)) throw malformed('JSON that is no count of tokens');
  return tokens;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MOST_TOKENS;
}
