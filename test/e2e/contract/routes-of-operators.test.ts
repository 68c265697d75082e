import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import { Drain } from '../../../src/http/health/drain.js';
import { ADMIN_TOKEN, TestGateway } from '../../support/gateway.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

async function admin(method: string, path: string, body?: object): Promise<JsonObject> {
  const answer = await fetch(`${gateway.url}/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.status).toBe(method === 'POST' ? 201 : 200);
  return (await answer.json()) as JsonObject;
}

it('[route.admin.create-key] [route.admin.list-keys] [route.admin.find-key] [route.admin.update-key] [route.admin.revoke-key]', async () => {
  const { key, ...made } = await admin('POST', '/keys', { account: 'acme', name: 'laptop' });
  expect(key).toMatch(/^compose-/);
  const path = `/keys/${made['id'] as string}`;
  expect(await admin('GET', '/keys')).toMatchObject({ object: 'list', data: [made] });
  expect(await admin('GET', path)).toEqual(made);
  expect(await admin('PATCH', path, { name: 'desktop' })).toEqual({ ...made, name: 'desktop' });
  expect(await admin('DELETE', path)).toMatchObject({ revoked_at: expect.any(String) });
});

it('[route.admin.find-account] [route.admin.update-account]', async () => {
  await gateway.createKey({ account: 'bounded' });
  const found = await admin('GET', '/accounts/bounded');
  expect(found).toMatchObject({ id: 'bounded', object: 'account', stored_bytes: 0 });
  const bound = { max_stored_bytes: 1_000 };
  expect(await admin('PATCH', '/accounts/bounded', bound)).toEqual({ ...found, ...bound });
});

it('[route.admin.responses] [route.admin.videos] [route.admin.receipts] [route.admin.usage] list what a key did', async () => {
  const { id, key } = await gateway.createKey({ account: 'busy' });
  const call = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${gateway.url}/external/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });
    expect(answer.ok).toBe(true);
    await answer.text();
  };
  await call('/responses', { model: 'sandbox/echo', input: 'Hi' });
  await call('/videos', { model: 'sandbox/video:seconds=600', prompt: 'Sea' });
  for (const list of ['responses', 'videos', 'receipts', 'usage']) {
    const { data } = await admin('GET', `/${list}?key=${id}`);
    expect({ list, rows: (data as unknown[]).length }).toEqual({ list, rows: 1 });
  }
});

it('[route.metrics] speaks the format of Prometheus', async () => {
  const answer = await fetch(`${gateway.url}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await answer.text()).toContain('# TYPE slipstream_requests_total counter\n');
});

it('[route.x402.supported] is not there where wallets cannot pay', async () => {
  const answer = await fetch(`${gateway.url}/v1/x402/supported`);
  expect(answer.status).toBe(404);
  const unknown = await fetch(`${gateway.url}/v1/x402/supportes`);
  const { error } = (await unknown.json()) as { error: { message: string } };
  const message = error.message.replace('supportes', 'supported');
  expect(await answer.json()).toEqual({ error: { ...error, message } });
});

it('[route.health.live] [route.health.ready] tell a process that ends from one that runs', async () => {
  const statuses = (): Promise<readonly number[]> =>
    Promise.all(['live', 'ready'].map(async (name) => (await fetch(`${gateway.url}/health/${name}`)).status));
  expect(await statuses()).toEqual([200, 200]);
  gateway.app.get(Drain).draining = true;
  expect(await statuses()).toEqual([200, 503]);
  gateway.app.get(Drain).draining = false;
});
