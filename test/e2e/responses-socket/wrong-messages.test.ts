import { describe, expect, it } from '@jest/globals';
import { SocketFixture } from './socket-fixture.js';

const fixture = new SocketFixture();

describe('a message that is wrong', () => {
  it.each([
    ['{', 'invalid_json', null],
    ['[]', 'invalid_json', null],
    ['{}', 'missing_required_parameter', 'type'],
    ['{"type":"response.cancel"}', 'invalid_value', 'type'],
    ['{"type":"response.create","stream_id":"a b"}', 'invalid_value', 'stream_id'],
    ['{"type":"response.create","background":true}', 'invalid_value', 'background'],
    ['{"type":"response.create","generate":"no"}', 'invalid_value', 'generate'],
    ['{"type":"response.create","generate":false}', 'missing_required_parameter', 'model'],
    ['{"type":"response.create","generate":false,"model":"none"}', 'model_not_found', 'model'],
    [
      '{"type":"response.create","generate":false,"model":"test-model","conversation":"conv_1"}',
      'unsupported_parameter',
      'conversation',
    ],
    ['{"type":"response.create"}', 'missing_required_parameter', 'model'],
    ['{"type":"response.create","model":"test-model","input":7}', 'invalid_value', 'input'],
    ['{"type":"response.create","model":"none","input":"Hi"}', 'model_not_found', 'model'],
  ])('is told: %s', async (text, code, param) => {
    const error = await fixture.client.refusal(text);
    expect(error).toEqual({
      type: 'error',
      status: code === 'model_not_found' ? 404 : 400,
      error: { type: 'invalid_request_error', code, param, message: expect.any(String) },
    });
    expect(await fixture.client.response()).toMatchObject({ status: 'completed' });
  });

  it('is told in its lane', async () => {
    const error = await fixture.client.refusal({ type: 'response.create', stream_id: 'a' });
    expect(error).toMatchObject({ stream_id: 'a', error: { param: 'model' } });
  });

  it('is one that is not text', async () => {
    fixture.client.socket.send(Buffer.from('{}'));
    expect(await fixture.client.shows(({ type }) => type === 'error')).toMatchObject({
      error: { code: 'invalid_json' },
    });
  });
});
