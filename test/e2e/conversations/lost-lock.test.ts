import { expect, it } from '@jest/globals';
import { CutProxy } from '../../support/cut-proxy.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { startScriptedUpstream } from '../../support/scripted-upstream.js';
import { createTestDatabase, ON_SHARDS } from '../../support/test-database.js';
import { ConversationsClient } from './conversations-client.js';

it('a conversation whose lock was taken, of which nobody heard, is free for the next request', async () => {
  const upstream = await startScriptedUpstream();
  const database = await createTestDatabase();
  const proxy = await CutProxy.before(database.url);
  const gateway = await TestGateway.start({
    file: fileFor(upstream.url),
    database: { ...database, url: proxy.url },
    environment: { LEASE_MS: '600000' },
  });
  const { key } = await gateway.createKey();
  const client = new ConversationsClient(gateway.url, key);
  const id = await client.create();
  const heldBack = proxy.holdBack('answer', ON_SHARDS ? 'sharded.lock_conversation' : 'SET locked_by = $3');
  const lost = client.respond(id, 'Hi');
  await heldBack;
  expect((await lost).status).toBe(503);
  expect((await client.respond(id, 'Hi')).status).toBe(200);
  await gateway.close();
  await proxy.close();
  await database.drop();
  await upstream.close();
});
