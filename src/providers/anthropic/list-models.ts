import type { ProviderSettings } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.js';
import type { ListedModel } from '../discovery/listed-model.js';
import { decodedAnswer } from '../http/decoded-answer.js';
import { malformed } from '../http/malformed.js';
import { parseObject } from '../http/parse-object.js';
import { readWhole } from '../http/read-body.js';
import type { UpstreamClient } from '../http/upstream-client.js';
import { failureOfStatus } from '../map-status.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { connectAnthropic, VERSION } from './connect.js';

const PAGE_TIMEOUT_MS = 10_000;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** The most that one page can have. */
const PAGE_SIZE = 1_000;
const MAX_PAGES = 20;
const MOST_TOKENS = 100_000_000;
const LONGEST_NAME = 256;

/** Lists a provider's models. @throws UpstreamFailure, or the signal's own reason. */
export async function listModels(
  provider: ProviderSettings,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  const client = connectAnthropic(provider);
  const models: ListedModel[] = [];
  try {
    let after: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { data, has_more: hasMore, last_id: lastId } = await pageOf(client, after, signal);
      if (!Array.isArray(data)) throw malformed('JSON that is no list of models');
      models.push(...(data as readonly JsonValue[]).flatMap((entry) => modelOf(entry) ?? []));
      if (hasMore !== true || typeof lastId !== 'string' || lastId === after) break;
      after = lastId;
    }
    return models;
  } finally {
    await client.close();
  }
}

async function pageOf(
  client: UpstreamClient,
  after: string | undefined,
  signal: AbortSignal,
): Promise<JsonObject> {
  const query = `limit=${PAGE_SIZE}${after === undefined ? '' : `&after_id=${encodeURIComponent(after)}`}`;
  const headers = { ...VERSION, accept: 'application/json' };
  const answer = decodedAnswer(
    client.send(
      { method: 'GET', path: '/v1/models', query, headers },
      { signal, stream: false, timeoutMs: PAGE_TIMEOUT_MS },
    ),
  );
  try {
    const { status } = await answer.head();
    if (status < 200 || status >= 300) throw refused(status);
    return parseObject((await readWhole(answer, MAX_PAGE_BYTES)).toString('utf8').replace(/^\uFEFF/, ''));
  } finally {
    answer.close();
  }
}

function modelOf(entry: JsonValue): ListedModel | undefined {
  if (!isJsonObject(entry)) return undefined;
  const { id: name, max_input_tokens: window, max_tokens: most, created_at: created } = entry;
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) return undefined;
  const seconds = typeof created === 'string' ? Math.floor(Date.parse(created) / 1000) : Number.NaN;
  return {
    name,
    ...(isCount(window) && { contextWindow: window }),
    ...(isCount(most) && { maxOutputTokens: most }),
    ...(seconds > 0 && { created: seconds }),
  };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MOST_TOKENS;
}

function refused(status: number): UpstreamFailure {
  return new UpstreamFailure(new GatewayError('upstream_error', undefined, { cause: `status ${status}` }), {
    retryable: true,
    targetFault: true,
    ofKey: failureOfStatus(status).options.ofKey,
  });
}
