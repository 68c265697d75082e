import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ProviderSettings } from '../../catalog/model.js';
import type { ListedModel } from '../discovery/listed-model.js';
import { exchange } from '../http/exchange.js';
import { malformed } from '../http/malformed.js';
import { failureOfStatus } from '../map-status.js';
import { operatorsStatus } from '../error-words.js';
import { readError } from '../read-error.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { connectGemini } from './connect.js';

const LIST_TIMEOUT_MS = 10_000;
const PAGE_SIZE = 1_000;
/** The service has about a hundred models. */
const MAX_PAGES = 10;
const MOST_TOKENS = 100_000_000;
const LONGEST_NAME = 256;

/** Models with the method for text whose answers are not text. */
const OTHER_KINDS = /embed|-image|-tts|-audio|-live|aqa/i;

/** Lists a provider's models for text and embeddings. @throws UpstreamFailure, or the signal's own reason. */
export async function listModels(
  provider: ProviderSettings,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  const client = connectGemini(provider);
  const models: ListedModel[] = [];
  let token = '';
  try {
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = new URLSearchParams({
        pageSize: String(PAGE_SIZE),
        ...(token !== '' && { pageToken: token }),
      });
      const answer = await exchange(
        client,
        { method: 'GET', path: '/models', query: query.toString() },
        { signal, timeoutMs: LIST_TIMEOUT_MS },
      );
      if ('refusal' in answer) throw refused(answer.head.status, answer.refusal);
      const { models: entries, nextPageToken: next } = answer.accepted;
      if (!Array.isArray(entries)) throw malformed('JSON that is no list of models');
      models.push(...(entries as readonly JsonValue[]).flatMap(readEntry));
      if (typeof next !== 'string' || next === '') break;
      token = next;
    }
    return models;
  } finally {
    await client.close();
  }
}

function readEntry(entry: JsonValue): readonly ListedModel[] {
  if (!isJsonObject(entry) || typeof entry['name'] !== 'string') return [];
  const name = entry['name'].replace(/^models\//, '');
  const methods = entry['supportedGenerationMethods'];
  const has = (method: string): boolean => Array.isArray(methods) && methods.includes(method);
  const isText = (!Array.isArray(methods) || has('generateContent')) && !OTHER_KINDS.test(name);
  const isEmbedding = !isText && has('embedContent');
  if (!(isText || isEmbedding) || name === '' || name.length > LONGEST_NAME) return [];
  const contextWindow = tokensIn(entry, 'inputTokenLimit');
  const maxOutputTokens = tokensIn(entry, 'outputTokenLimit');
  return [
    {
      name,
      ...(isEmbedding && { makesEmbeddings: true }),
      ...(contextWindow !== undefined && { contextWindow }),
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    },
  ];
}

function tokensIn(entry: JsonObject, name: string): number | undefined {
  const value = entry[name];
  const isCount = typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MOST_TOKENS;
  return isCount ? value : undefined;
}

/** This wire answers 400 for a key that does not hold. */
function refused(status: number, refusal: unknown): UpstreamFailure {
  const { ofKey } = failureOfStatus(operatorsStatus(readError(refusal).words, undefined) ?? status).options;
  return new UpstreamFailure(new GatewayError('upstream_error', undefined, { cause: `status ${status}` }), {
    retryable: true,
    targetFault: true,
    ofKey,
  });
}
