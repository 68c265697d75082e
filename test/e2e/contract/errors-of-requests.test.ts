import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN, TestGateway } from '../../support/gateway.js';
import { SURFACES } from '../../support/responses-client.js';
import { startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';
import { fileOf } from '../charging/askers.js';
import { callingOn, CHAT, expectError, type Calling, type ErrorRow } from './error-row.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileOf(upstream.url),
    environment: { MAX_BODY_BYTES: '10000' },
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** A chat call with these fields beside what it needs. */
const chat =
  (more: object, settings: object = {}) =>
  async (calling: Calling): Promise<Response> =>
    (await calling(settings)).client.send('POST', '/chat/completions', { ...CHAT, ...more });

const get =
  (path: string) =>
  async (calling: Calling): Promise<Response> =>
    (await calling()).client.send('GET', path);

const withHeaders =
  (headers: Readonly<Record<string, string>>) =>
  async (calling: Calling): Promise<Response> =>
    (await calling()).client.send('POST', '/chat/completions', CHAT, headers);

/** A call after the caller's key was changed so. */
const withKey =
  (change: string) =>
  async (calling: Calling): Promise<Response> => {
    const { id, client } = await calling();
    await gateway.pool.query(`UPDATE api_keys SET ${change} WHERE id = $1`, [id]);
    return client.send('POST', '/chat/completions', CHAT);
  };

async function aboveItsBound(calling: Calling): Promise<Response> {
  const { client } = await calling({ account: 'full' });
  const bounded = await fetch(`${gateway.url}/admin/accounts/full`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ max_stored_bytes: 0 }),
  });
  expect(bounded.status).toBe(200);
  return client.send('POST', '/conversations', {});
}

async function tooFast(calling: Calling): Promise<Response> {
  const { client } = await calling({ rate_limit_rpm: 1 });
  await client.text('GET', '/models');
  return client.send('GET', '/models');
}

async function anotherWithItsKey(calling: Calling): Promise<Response> {
  const { client } = await calling();
  const once = { 'idempotency-key': 'once' };
  await (await client.send('POST', '/chat/completions', CHAT, once)).text();
  return client.send('POST', '/chat/completions', { ...CHAT, temperature: 0 }, once);
}

/** What nobody has thought of: a table that is not there. */
async function withADefect(calling: Calling): Promise<Response> {
  const { client } = await calling();
  await gateway.pool.query('ALTER TABLE conversations RENAME TO away');
  try {
    return await client.send('GET', '/conversations/conv_1');
  } finally {
    await gateway.pool.query('ALTER TABLE away RENAME TO conversations');
  }
}

const ROWS: readonly ErrorRow[] = [
  [
    '[error.invalid_json]',
    async (calling) => (await calling()).client.send('POST', '/chat/completions', '{'),
  ],
  ['[error.invalid_value]', chat({ temperature: 'hot' })],
  ['[error.missing_required_parameter]', chat({ model: undefined })],
  ['[error.unsupported_parameter]', chat({ service_tier: 'priority' })],
  [
    '[error.previous_response_not_found]',
    async (calling) => {
      const body = { model: 'test-model', input: 'Hi', previous_response_id: 'resp_1' };
      return (await calling()).client.send('POST', '/responses', body);
    },
  ],
  ['[error.missing_api_key]', withHeaders({ authorization: '' })],
  ['[error.invalid_api_key]', withHeaders({ authorization: `Bearer compose-${'x'.repeat(43)}` })],
  ['[error.revoked_api_key]', withKey('revoked_at = now()')],
  ['[error.expired_api_key]', withKey('expires_at = now()')],
  ['[error.insufficient_budget]', chat({}, { budget_limit: '1' })],
  ['[error.model_not_allowed]', chat({}, { allowed_models: ['another'] })],
  ['[error.storage_limit_exceeded]', aboveItsBound],
  ['[error.not_found]', get('/nothing')],
  ['[error.model_not_found]', chat({ model: 'nobody' })],
  ['[error.response_not_found]', get('/responses/resp_1')],
  ['[error.conversation_not_found]', get('/conversations/conv_1')],
  ['[error.video_not_found]', get('/videos/video_1')],
  ['[error.idempotency_conflict]', anotherWithItsKey],
  ['[error.request_too_large]', chat({ user: 'x'.repeat(20_000) })],
  ['[error.rate_limit_exceeded]', tooFast],
  ['[error.internal_error]', withADefect],
];

describe.each(SURFACES)('on %s', (surface) => {
  it.each(ROWS)('%s', async (cited, provoke) => {
    await expectError(cited, surface, await provoke(callingOn(gateway, surface)));
  });
});

describe('on the native surface alone', () => {
  it.each<ErrorRow>([
    ['[error.chain_not_supported]', withHeaders({ 'x-chain-id': '1' })],
    ['[error.receipt_not_found]', get('/receipts/rct_1')],
  ])('%s', async (cited, provoke) => {
    await expectError(cited, '/v1', await provoke(callingOn(gateway, '/v1')));
  });
});

it('[error.invalid_admin_token] is what the admin interface says', async () => {
  const { key } = await callingOn(gateway, '/v1')();
  const answer = await fetch(`${gateway.url}/admin/keys`, { headers: { authorization: `Bearer ${key}` } });
  await expectError('[error.invalid_admin_token]', '/external/v1', answer);
});
