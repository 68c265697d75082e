import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { messagesOf } from '../../support/chat-scripts.js';
import { fileFor, TestGateway } from '../../support/gateway.js';
import { ResponsesClient, textOf } from '../../support/responses-client.js';
import { completion, startScriptedUpstream, type ScriptedUpstream } from '../../support/scripted-upstream.js';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await TestGateway.start({
    file: fileFor(upstream.url, { provider: { max_connections: 400 } }),
  });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Calls that are made at the same time share the statements that take and settle their holds. */
describe('many responses at once', () => {
  it('each keep their own input, output and receipt, between calls that are not stored, refused or fail', async () => {
    const accounts = await Promise.all(
      ['one', 'two', 'three'].map((account) => gateway.createKey({ account, budget_limit: '10000000' })),
    );
    const poor = await gateway.createKey({ account: 'poor', budget_limit: '1' });
    let release: () => void = () => undefined;
    const everybodyIsIn = new Promise<void>((resolve) => (release = resolve));
    upstream.always(async (exchange) => {
      await everybodyIsIn;
      const [message] = messagesOf(exchange.request);
      const said = message?.['content'] as string;
      if (said.startsWith('fail')) exchange.json({ error: { message: 'no' } }, 400);
      else await completion(`You said: ${said}`)(exchange);
    });
    const calls = Array.from({ length: 150 }, (_, number) => {
      const kind = ['stored', 'streamed', 'transient', 'fail', 'refused'][number % 5]!;
      const { key } = kind === 'refused' ? poor : accounts[number % 3]!;
      return { number, kind, client: new ResponsesClient(gateway.url, key) };
    });
    const answers = Promise.all(
      calls.map(async ({ number, kind, client }) => {
        const input = Array.from({ length: 1 + (number % 3) }, (_, position) => ({
          role: 'user',
          content: `${kind} ${number}.${position}`,
        }));
        const body = { input, metadata: { number: String(number) }, store: kind !== 'transient' };
        if (kind === 'streamed') return (await client.streamed(body)).response;
        const answer = await client.create(body);
        return answer.status === 200 ? ((await answer.json()) as { id: string }) : answer.status;
      }),
    );
    await upstream.arrived(119);
    release();
    const ended = await answers;
    for (const { number, kind, client } of calls) {
      const answer = ended[number]!;
      if (typeof answer === 'number') {
        expect(answer).toBe(kind === 'fail' ? 400 : 402);
        continue;
      }
      if (kind === 'transient') {
        expect((await client.find(answer.id)).status).toBe(404);
        continue;
      }
      const stored = await client.found(answer.id);
      expect(stored).toEqual(answer);
      expect(stored.metadata).toEqual({ number: String(number) });
      expect(textOf(stored)).toBe(`You said: ${kind} ${number}.0`);
      const items = (await (await client.inputItems(answer.id, '?order=asc')).json()) as {
        data: { content: { text: string }[] }[];
      };
      expect(items.data.map(({ content }) => content[0]?.text)).toEqual(
        Array.from({ length: 1 + (number % 3) }, (_, position) => `${kind} ${number}.${position}`),
      );
    }
    const { rows } = await gateway.pool.query<{ status: string; count: number }>(
      'SELECT status, count(*)::int AS count FROM responses GROUP BY status ORDER BY status',
    );
    expect(rows).toEqual([
      { status: 'completed', count: 60 },
      { status: 'failed', count: 30 },
    ]);
  });
});
