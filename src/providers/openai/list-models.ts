import type { ProviderSettings } from '../../catalog/model.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import type { ListedModel } from '../discovery/listed-model.js';
import { decodedAnswer } from '../http/decoded-answer.js';
import { malformed } from '../http/malformed.js';
import { readWhole } from '../http/read-body.js';
import { failureOfStatus } from '../map-status.js';
import { UpstreamFailure } from '../upstream-failure.js';
import { connectOpenAi } from './connect.js';
import { convertModelList } from './convert-model-list.js';

const LIST_TIMEOUT_MS = 10_000;
/** The longest lists have a few hundred models with long descriptions. */
const MAX_LIST_BYTES = 8 * 1024 * 1024;

/** Lists a provider's models. @throws UpstreamFailure, or the signal's own reason. */
export async function listModels(
  provider: ProviderSettings,
  signal: AbortSignal,
): Promise<readonly ListedModel[]> {
  const client = connectOpenAi(provider);
  const answer = decodedAnswer(
    client.send(
      { method: 'GET', path: '/models', headers: { accept: 'application/json' } },
      { signal, stream: false, timeoutMs: LIST_TIMEOUT_MS },
    ),
  );
  try {
    const { status } = await answer.head();
    if (status < 200 || status >= 300) throw refused(status);
    const models = convertModelList(
      parse((await readWhole(answer, MAX_LIST_BYTES)).toString('utf8').replace(/^\uFEFF/, '')),
    );
    if (!models) throw malformed('JSON that is no list of models');
    return models;
  } finally {
    answer.close();
    await client.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw malformed('text that is not JSON');
  }
}

function refused(status: number): UpstreamFailure {
  return new UpstreamFailure(new GatewayError('upstream_error', undefined, { cause: `status ${status}` }), {
    retryable: true,
    targetFault: true,
    ofKey: failureOfStatus(status).options.ofKey,
  });
}
