import { describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { from } from 'rxjs';
import { ExternalStreamPresenter } from '../../src/chat/presenter/external-stream-presenter.js';
import { ResponseWriter } from '../../src/streaming/response-writer.js';
import { serve } from '../streaming/raw-exchange.js';
import { SETTINGS } from '../streaming/writer-harness.js';
import { admission, answer, head, outcomes, receipt } from './answer-fixture.js';

describe('the official client', () => {
  it('decodes an external stream into the whole answer', async () => {
    const writer = new ResponseWriter(SETTINGS);
    // The client's own helper does not know calls of custom tools.
    const common = answer.filter((event) => !('index' in event) || event.index === 0);
    const server = await serve((request, response) => {
      request.resume();
      const presenter = new ExternalStreamPresenter({ ...head, includeUsage: true });
      void writer.stream(response, () => from([admission, ...outcomes(common), { receipt }]), presenter);
    });
    const client = new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${server.port}/v1`, maxRetries: 0 });
    const stream = client.chat.completions.stream({
      model: 'gpt-5.5',
      messages: [{ role: 'user', content: 'x' }],
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.id).toBe('resp_1');
    expect(completion.choices[0]?.message.content).toBe('He said "\u2028é"');
    expect(completion.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { arguments: '{"a":1}' },
    });
    expect(completion.usage?.total_tokens).toBe(5);
    await server.stop();
  });
});
