import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { type Caller, CurrentCaller } from '../../src/http/caller.js';
import { corsOptions } from '../../src/http/cors.js';
import { configureHttp } from '../../src/http/http-application.js';
import { RawClient } from '../streaming/raw-exchange.js';

const busy = (): never => {
  throw new GatewayError('budget_held', undefined, {
    retryAfterSeconds: 1.2,
    details: { required: '5' },
    headers: { 'PAYMENT-REQUIRED': 'e30=' },
  });
};

/** Without its exchange. */
function shown({ payer, exchange: _exchange, ...rest }: Caller): object {
  return { ...rest, payer: payer.hash.length };
}

@Controller()
class Routes {
  @Get('v1/boom')
  boom(): never {
    throw new Error('secret stack');
  }

  @Get('v1/busy')
  busyNative(): never {
    return busy();
  }

  @Get('external/v1/busy')
  busyExternal(): never {
    return busy();
  }

  @Post('v1/caller')
  nativeCaller(@CurrentCaller() caller: Caller): object {
    return shown(caller);
  }

  @Post('external/v1/caller')
  externalCaller(@CurrentCaller() caller: Caller): object {
    return shown(caller);
  }
}

@Module({ controllers: [Routes] })
class TestModule {}

Logger.overrideLogger(false);

let app: NestExpressApplication;
let base: string;
beforeAll(async () => {
  app = await NestFactory.create<NestExpressApplication>(TestModule);
  configureHttp(app, {
    corsOrigins: ['https://app.example', 'https://*.pages.example:8443', 'app://obsidian.md'],
    exchanges: (_request, _response, next) => next(),
    buyers: undefined,
  });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${port()}`;
});
afterAll(() => app.close());

const port = (): number => (app.getHttpServer().address() as AddressInfo).port;

interface Envelope {
  error: Record<string, unknown>;
}

describe('an error', () => {
  it.each([
    ['an unknown route', '/v1/nothing', 404, 'not_found'],
    ['an unknown external route', '/external/v1/nothing', 404, 'not_found'],
    ['a path that cannot be decoded', '/%ff', 404, 'not_found'],
    ['an unexpected failure', '/v1/boom', 500, 'internal_error'],
  ])('is the one envelope for %s', async (_name, path, status, code) => {
    const answer = await fetch(base + path);
    const text = await answer.text();
    const { error } = JSON.parse(text) as Envelope;
    expect(answer.status).toBe(status);
    expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
    expect(error['code']).toBe(code);
    expect(text).not.toContain('secret');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('keeps the connection, unless a body is still on its way', async () => {
    expect((await fetch(`${base}/v1/nothing`)).headers.get('connection')).toBe('keep-alive');
    const upload = { method: 'POST', body: 'x'.repeat(4_000_000) };
    expect((await fetch(`${base}/v1/nothing`, upload)).headers.get('connection')).toBe('close');
  });

  it('has details and further headers on the native surface alone, and says when to retry', async () => {
    const [native, external] = await Promise.all([
      fetch(`${base}/v1/busy`),
      fetch(`${base}/external/v1/busy`),
    ]);
    expect(native.headers.get('retry-after')).toBe('2');
    expect(((await native.json()) as Envelope).error).toHaveProperty('details', { required: '5' });
    expect(((await external.json()) as Envelope).error).not.toHaveProperty('details');
    expect(native.headers.get('payment-required')).toBe('e30=');
    expect(external.headers.has('payment-required')).toBe(false);
  });
});

describe('a caller', () => {
  const headers = {
    authorization: `BEARER compose-${'k'.repeat(43)}`,
    'x-chain-id': '43113',
    'x-request-id': 'mine-1',
  };

  it('is read from the headers; the chain is the native surface only', async () => {
    const ask = async (path: string): Promise<unknown> =>
      (await fetch(base + path, { method: 'POST', headers })).json();
    expect(await ask('/v1/caller')).toEqual({
      payer: 32,
      rate: { counted: false },
      requestId: 'mine-1',
      chainId: '43113',
      surface: 'native',
    });
    expect(await ask('/external/v1/caller')).toEqual({
      payer: 32,
      rate: { counted: false },
      requestId: 'mine-1',
      surface: 'external',
    });
  });

  it('without a key is 401 and told how to authenticate', async () => {
    const answer = await fetch(`${base}/v1/caller`, {
      method: 'POST',
      headers: { 'x-request-id': 'not ok!' },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('a browser', () => {
  it.each([
    ['https://app.example', true],
    ['https://a.pages.example:8443', true],
    ['https://a.b-2.pages.example:8443', true],
    ['app://obsidian.md', true],
    ['https://pages.example:8443', false],
    ['https://a.pages.example', false],
    ['https://evil.example/.pages.example:8443', false],
    ['https://apages.example:8443', false],
    ['http://app.example', false],
  ])('of %s: may read answers: %s', async (origin, allowed) => {
    const answer = await fetch(`${base}/v1/nothing`, { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(allowed ? origin : null);
  });

  it('of any origin may read answers where all are allowed', () => {
    expect(corsOptions(['https://app.example', '*'])).toMatchObject({ origin: '*' });
  });

  it('of a configured origin may send any header and read every named one', async () => {
    const preflight = await fetch(`${base}/v1/caller`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-stainless-lang',
      },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,x-stainless-lang');
    const answer = await fetch(`${base}/v1/busy`, { headers: { origin: 'https://app.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',');
    expect(exposed).toEqual(
      expect.arrayContaining(['X-Compose-Receipt', 'PAYMENT-REQUIRED', 'PAYMENT-RESPONSE', 'ETag']),
    );
  });

  it('of another origin may not', async () => {
    const answer = await fetch(`${base}/v1/busy`, { headers: { origin: 'https://evil.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('bytes that are not a request', () => {
  it.each([
    ['no HTTP at all', 'NONSENSE\r\n\r\n', 400],
    ['endless headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('get the envelope too: %s', async (_name, bytes, status) => {
    const client = (await RawClient.connect(port())).read().send(bytes);
    const received = await client.closed();
    expect(client.answer.status).toBe(status);
    expect(JSON.parse(received.split('\r\n\r\n')[1] ?? '')).toHaveProperty(
      'error.type',
      'invalid_request_error',
    );
    expect(client.answer.headers['x-request-id']).toMatch(/^req_/);
  });
});
