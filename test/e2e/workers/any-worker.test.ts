import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chatChunk, chatUsage, sse, usageChunk } from '../../support/chat-wire.js';
import { GatewayProcesses } from '../../support/gateway-processes.js';
import { fileFor } from '../../support/gateway.js';
import {
  startScriptedUpstream,
  type Exchange,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.js';
import { until } from '../../support/until.js';
import { WorkerLine } from '../../support/worker-line.js';
import { SocketClient } from '../responses-socket/socket-client.js';

const SOCKETS = 6;

const processes = GatewayProcesses.forEachTest({ WORKERS: '2', LOG_LEVEL: 'info' });
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
beforeEach(() => upstream.reset());
afterAll(() => upstream.close());

describe('what one worker has begun', () => {
  it('goes on over a WebSocket of any other', async () => {
    const gateway = await processes.start({ file: fileFor(upstream.url) });
    const { key } = await gateway.client.createKey();
    let previous: string | undefined;
    for (let turn = 0; turn < SOCKETS; turn += 1) {
      const socket = await SocketClient.open(gateway.url, key);
      const response = await socket.response(
        previous === undefined ? {} : { previous_response_id: previous },
      );
      expect(response).toMatchObject({ status: 'completed' });
      previous = response.id;
      socket.socket.close();
      await socket.closed;
    }
    expect(upstream.requests.at(-1)?.body['messages']).toHaveLength(2 * SOCKETS - 1);
    const served = new Set<string>();
    // The line of each call names the process that ran it.
    await until(() => {
      for (const [, pid = ''] of gateway.stdout.matchAll(/"pid":(\d+)[^\n]*"msg":"call"/g)) served.add(pid);
      return served.size === 2;
    });
    await gateway.stop();
  });

  it('is followed from its first event at any other', async () => {
    const gateway = await processes.start({ file: fileFor(upstream.url) });
    const { key } = await gateway.client.createKey();
    const one = await WorkerLine.open(gateway, key);
    const other = await WorkerLine.open(gateway, key, [one.pid]);
    const arrived = new Promise<Exchange>((resolve) => {
      upstream.next(async (exchange) => {
        await exchange.send(sse(chatChunk({ role: 'assistant', content: 'Working' })));
        resolve(exchange);
      });
    });
    const body = { model: 'test-model', input: 'Hi', background: true, stream: true };
    const begun = await one.line.ask('POST', '/external/v1/responses', { body });
    await begun.shows('Working');
    const [id = ''] = /resp_[0-9a-z]+/.exec(begun.text) ?? [];
    const exchange = await arrived;
    const followed = await other.line.ask('GET', `/external/v1/responses/${id}?stream=true`);
    await followed.shows('Working');
    exchange.end(
      sse(chatChunk({ content: ' done' }), chatChunk({}, 'stop'), usageChunk(chatUsage(10, 5)), '[DONE]'),
    );
    const events = await followed.whole();
    expect(events).toMatch(/response\.created[\s\S]*response\.completed[\s\S]*\[DONE\]/);
    expect(await begun.whole()).toBe(events);
    await gateway.stop();
  });
});
