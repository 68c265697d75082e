import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../../src/storage/database.js';
import { ADMIN_TOKEN, TestGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway.close());

const admin = () => request.agent(gateway.server).set('authorization', `Bearer ${ADMIN_TOKEN}`);

interface KeyBody {
  readonly id: string;
  readonly key: string;
}

describe('the admin interface', () => {
  it('is closed without its token', async () => {
    for (const header of ['', 'Bearer wrong', `Basic ${ADMIN_TOKEN}`]) {
      const response = await request(gateway.server).get('/admin/keys').set('authorization', header);
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).toBe('Bearer');
      expect(response.body).toMatchObject({
        error: { code: 'invalid_admin_token', type: 'authentication_error' },
      });
    }
  });

  it('creates a key also where no connection is free for longer than Prisma waits for a transaction', async () => {
    const { pool } = gateway.app.get(Database);
    const taken = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
    const created = gateway.createKey();
    await until(() => pool.waitingCount > 0);
    await delay(2_500);
    for (const client of taken) client.release();
    expect(await created).toMatchObject({ object: 'key', account: 'acme' });
  });

  it('creates a key, shows it once and keeps only its hash', async () => {
    const created = await admin()
      .post('/admin/keys')
      .send({
        account: 'acme',
        name: 'first',
        budget_limit: '5000',
        expires_at: '2030-01-01T00:00:00Z',
        chain_id: 43113,
        allowed_models: ['sandbox/echo'],
        rate_limit_rpm: 60,
        max_concurrent_requests: 5,
      });
    expect(created.status).toBe(201);
    const { key, ...shown } = created.body as KeyBody;
    expect(key).toMatch(/^compose-[A-Za-z0-9_-]{43}$/);
    expect(shown).toMatchObject({
      object: 'key',
      account: 'acme',
      budget_limit: '5000',
      budget_spent: '0',
      budget_remaining: '5000',
      chain_id: 43113,
      expires_at: '2030-01-01T00:00:00.000Z',
      allowed_models: ['sandbox/echo'],
      last_used_at: null,
    });
    const found = await admin().get(`/admin/keys/${shown.id}`);
    expect(found.body).toEqual(shown);
    const { rows } = await gateway.pool.query('SELECT row_to_json(k)::text AS row FROM api_keys k');
    expect(JSON.stringify(rows)).not.toContain(key);
    const models = await request(gateway.server).get('/v1/models').set('authorization', `bearer ${key}`);
    expect((models.body as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['sandbox/echo']);
    const hidden = await request(gateway.server)
      .get('/v1/models/sandbox%2Fassistant')
      .set('authorization', `Bearer ${key}`);
    expect(hidden.body).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
  });

  it.each<[object, string, string]>([
    [{}, 'account', 'missing_required_parameter'],
    [{ account: 'a b' }, 'account', 'invalid_value'],
    [{ account: 'acme', budget_limit: 100 }, 'budget_limit', 'invalid_value'],
    [{ account: 'acme', budget_limit: '-1' }, 'budget_limit', 'invalid_value'],
    [{ account: 'acme', budget_limit: '1.5' }, 'budget_limit', 'invalid_value'],
    [{ account: 'acme', expires_at: 'tomorrow' }, 'expires_at', 'invalid_value'],
    [{ account: 'acme', allowed_models: [] }, 'allowed_models', 'invalid_value'],
    [{ account: 'acme', rate_limit_rpm: 0 }, 'rate_limit_rpm', 'invalid_value'],
    [{ account: 'acme', max_concurrent_requests: 1.5 }, 'max_concurrent_requests', 'invalid_value'],
    [{ account: 'acme', chain_id: 1 }, 'chain_id', 'chain_not_supported'],
  ])('refuses %j and names %s', async (body, param, code) => {
    const response = await admin().post('/admin/keys').send(body);
    expect(response.status).toBe(400);
    expect(response.body).toMatchObject({ error: { param, code, message: expect.any(String) as unknown } });
  });

  it('lists keys page by page in both orders', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 5; number += 1) {
      ids.push(((await admin().post('/admin/keys').send({ account: 'pages' })).body as KeyBody).id);
    }
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const page = await admin()
        .get('/admin/keys')
        .query({ limit: 2, order: 'desc', ...(after ? { after } : {}) });
      const body = page.body as { data: KeyBody[]; first_id: string; last_id: string; has_more: boolean };
      expect([body.first_id, body.last_id]).toEqual([body.data[0]?.id, body.data.at(-1)?.id]);
      seen.push(...body.data.map(({ id }) => id));
      if (!body.has_more) break;
      after = body.last_id;
    }
    expect(seen.slice(0, 5)).toEqual(ids.toReversed());
    const oldest = await admin().get('/admin/keys').query({ order: 'asc', limit: 1 });
    expect((oldest.body as { data: KeyBody[] }).data[0]?.id).toBe(seen.at(-1));
    expect((await admin().get('/admin/keys').query({ limit: 0 })).body).toMatchObject({
      error: { param: 'limit' },
    });
  });

  it.each<['post' | 'get' | 'patch' | 'delete', string, object, string]>([
    ['post', '/admin/keys', { account: 'a', budget_limt: '1' }, 'budget_limt'],
    ['post', '/admin/keys', { account: 'a', budgetLimit: '1' }, 'budgetLimit'],
    ['post', '/admin/keys?budget_limit=1', { account: 'a' }, 'budget_limit'],
    ['patch', '/admin/keys/key_x', { account: 'b' }, 'account'],
    ['patch', '/admin/keys/key_x?name=b', {}, 'name'],
    ['get', '/admin/keys/key_x?limit=1', {}, 'limit'],
    ['delete', '/admin/keys/key_x?force=1', {}, 'force'],
    ['get', '/admin/keys?acount=a', {}, 'acount'],
    ['get', '/admin/receipts?api_key=a', {}, 'api_key'],
    ['get', '/admin/usage?day=2026-11-01', {}, 'day'],
  ])('refuses what it does not know: %s %s %j', async (method, path, body, param) => {
    const agent = admin();
    const answer = await agent[method](path).send(method === 'get' || method === 'delete' ? undefined : body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { code: 'invalid_value', param } });
    expect((answer.body as { error: { message: string } }).error.message).toContain('is not known here');
  });

  it('changes what is named, removes what is null, and revokes for good', async () => {
    const { id, key } = await gateway.createKey({ budget_limit: '100', name: 'old' });
    const changed = await admin().patch(`/admin/keys/${id}`).send({ name: 'new', budget_limit: null });
    expect(changed.body).toMatchObject({ name: 'new', budget_limit: null, budget_remaining: null });
    const revoked = await admin().delete(`/admin/keys/${id}`);
    const { revoked_at: revokedAt } = revoked.body as { revoked_at: string };
    expect(revokedAt).not.toBeNull();
    expect((await admin().delete(`/admin/keys/${id}`)).body).toMatchObject({ revoked_at: revokedAt });
    const call = await gateway.chat(key, { model: 'sandbox/echo' });
    expect(call.status).toBe(401);
    expect(await call.json()).toMatchObject({ error: { code: 'revoked_api_key' } });
  });

  it.each(['get', 'patch', 'delete'] as const)(
    'answers 404 to %s of a key that never was',
    async (method) => {
      const agent = admin();
      const response = await agent[method]('/admin/keys/key_nothing').send(method === 'get' ? undefined : {});
      expect(response.status).toBe(404);
      expect(response.body).toMatchObject({ error: { code: 'not_found' } });
    },
  );
});

describe('metrics', () => {
  it('are open to this machine, and to others with the token alone', async () => {
    const local = await request(gateway.server).get('/metrics');
    expect(local.status).toBe(200);
    expect(local.text).toContain('slipstream_running_calls 0');
    const proxied = await request(gateway.server).get('/metrics').set('x-forwarded-for', '10.0.0.1');
    expect(proxied.status).toBe(401);
    expect((await admin().get('/metrics').set('x-forwarded-for', '10.0.0.1')).status).toBe(200);
  });
});
