import { describe, expect, it } from '@jest/globals';
import { ExternalBodyPresenter } from '../../src/chat/presenter/external-body-presenter.js';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { withReceiptInBody } from '../../src/payments/with-receipts.js';
import { type BodyPresenter } from '../../src/streaming/presenter.js';
import { admission, answer, head, outcomes, receipt, type TextOutcome } from './answer-fixture.js';

function whole(presenter: BodyPresenter<TextOutcome>, items: TextOutcome[]): Record<string, unknown> {
  for (const item of items) presenter.add(item);
  return JSON.parse(presenter.body()) as Record<string, unknown>;
}

describe('a whole chat answer', () => {
  it('is one chat.completion', () => {
    expect(whole(new ExternalBodyPresenter(head), [admission, ...outcomes(answer), { receipt }])).toEqual({
      id: 'resp_1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'gpt-5.5',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'He said "\u2028é"',
            refusal: null,
            reasoning_content: 'hm',
            reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'cmp1.azure.S', index: 0 }],
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 'call_2', type: 'custom', custom: { name: 'g', input: 'raw' } },
            ],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: {
        prompt_tokens: 3,
        completion_tokens: 2,
        total_tokens: 5,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 },
      },
    });
  });

  it('has its receipt in the body and in a header on native', () => {
    const presenter = withReceiptInBody(new ExternalBodyPresenter(head), head.responseId);
    const body = whole(presenter, [...outcomes(answer), { receipt }]);
    expect(body['compose_receipt']).toMatchObject({
      final_amount_wei: '6060',
      line_items: [{ unit_price_usd: '2', amount_wei: '2000' }],
      settlement_status: 'settled',
    });
    const header = presenter.headers()['X-Compose-Receipt'] ?? '';
    expect(header).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual(receipt);
  });

  it('that fails throws the failure, since an answer has one status', () => {
    const presenter = new ExternalBodyPresenter(head);
    expect(() => presenter.add({ failure: new GatewayError('upstream_error') })).toThrow(GatewayError);
  });

  it('keeps unknown fields of the upstream, and none that would replace ours', () => {
    const extras = {
      answer: { system_fingerprint: 'fp', id: 'theirs', usage: 1 },
      choice: { native_reason: 'x', index: 9 },
      message: { reasoning_details: [{ type: 'reasoning.encrypted', data: 'ENC' }], role: 'evil' },
    };
    const body = whole(
      new ExternalBodyPresenter(head),
      outcomes([
        { type: 'text', choice: 0, text: 'a', extras },
        { type: 'finish', choice: 0, reason: 'stop' },
      ]),
    );
    expect(body).toMatchObject({
      id: 'resp_1',
      system_fingerprint: 'fp',
      choices: [
        { index: 0, native_reason: 'x', message: { ...extras.message, role: 'assistant', content: 'a' } },
      ],
    });
    expect(body).not.toHaveProperty('usage');
  });

  it('joins log probabilities and shows choices in order', () => {
    const { choices } = whole(
      new ExternalBodyPresenter(head),
      outcomes([
        { type: 'text', choice: 1, text: 'b' },
        { type: 'text', choice: 0, text: 'a', logprobs: { content: [{ token: 'a' }] } },
        { type: 'text', choice: 0, text: 'c', logprobs: { content: [{ token: 'c' }] } },
      ]),
    );
    expect(choices).toMatchObject([
      { index: 0, message: { content: 'ac' }, logprobs: { content: [{ token: 'a' }, { token: 'c' }] } },
      { index: 1, message: { content: 'b' }, logprobs: null },
    ]);
  });
});
