import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { openAi } from '../../src/streaming/openai-wire.js';

const busy = new GatewayError('budget_held', 'Busy.', { retryAfterSeconds: 1.2, details: { required: '5' } });

describe("OpenAI's wire", () => {
  it.each([
    [
      new GatewayError('invalid_value', 'No.', { param: 'n' }),
      {},
      '{"error":{"message":"No.","type":"invalid_request_error","param":"n","code":"invalid_value"}}',
    ],
    [
      new GatewayError('expired_api_key', 'Old.'),
      { 'WWW-Authenticate': 'Bearer' },
      '{"error":{"message":"Old.","type":"authentication_error","param":null,"code":"expired_api_key"}}',
    ],
    [
      new GatewayError('idempotency_conflict', 'Twice.', { shouldRetry: false }),
      { 'X-Should-Retry': 'false' },
      '{"error":{"message":"Twice.","type":"invalid_request_error","param":null,"code":"idempotency_conflict"}}',
    ],
    [
      busy,
      { 'Retry-After': '2' },
      '{"error":{"message":"Busy.","type":"rate_limit_error","param":null,"code":"budget_held","details":{"required":"5"}}}',
    ],
  ])('tells an error byte by byte: %s', (error, headers, body) => {
    expect(openAi.errorAnswer(error, { requestId: 'req_1', withDetails: true })).toEqual({
      status: error.status,
      headers,
      body,
    });
  });

  it('shows no details where they are not wanted, and none in a stream', () => {
    const body = '{"error":{"message":"Busy.","type":"rate_limit_error","param":null,"code":"budget_held"}}';
    expect(openAi.errorAnswer(busy, { requestId: 'req_1', withDetails: false }).body).toBe(body);
    expect(openAi.errorFrame(busy)).toBe(`data: ${body}\n\n`);
  });

  it.each([
    [{}, []],
    [{ authorization: 'Bearer' }, []],
    [{ authorization: 'Basic dXNlcg==' }, []],
    [{ authorization: ' bearer  one ', 'x-api-key': ' two', 'api-key': '' }, ['one', 'two']],
    [{ 'api-key': 'three' }, ['three']],
  ])('finds in %j the keys %j', (headers, keys) => {
    expect(openAi.keysIn(headers)).toEqual(keys);
  });
});
