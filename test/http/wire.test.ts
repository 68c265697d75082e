import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Logger,
  Module,
  Post,
  Req,
  Res,
  UseGuards,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NEVER, of, throwError } from 'rxjs';
import { GatewayError } from '../../src/base/errors/gateway-error.js';
import { type Caller, CurrentCaller } from '../../src/http/caller.js';
import { AcceptingWork } from '../../src/http/health/accepting-work.js';
import { Drain } from '../../src/http/health/drain.js';
import { configureHttp, HTTP_OPTIONS } from '../../src/http/http-application.js';
import { readJsonBody } from '../../src/http/read-json-body.js';
import { PaidAnswers } from '../../src/payments/once/paid-answers.js';
import { RunningAnswers } from '../../src/payments/once/running-answers.js';
import { namedFrame } from '../../src/streaming/frames.js';
import type { StreamPresenter } from '../../src/streaming/presenter.js';
import { ResponseWriter } from '../../src/streaming/response-writer.js';
import type { Wire } from '../../src/streaming/wire.js';
import { speaks } from '../../src/streaming/wire-of.js';
import { SETTINGS } from '../streaming/writer-harness.js';

/** In everything unlike OpenAI's. */
const toyWire: Wire = {
  ping: namedFrame('ping', '{}'),
  end: '',
  errorAnswer: ({ status, code }, { requestId, withDetails }) => ({
    status: status === 401 ? 403 : status,
    headers: { 'x-toy-error': code },
    body: JSON.stringify({ oops: code, requestId, withDetails }),
  }),
  errorFrame: ({ code }, requestId) => namedFrame('oops', JSON.stringify({ code, requestId })),
  noRoute: (method, path) => new GatewayError('invalid_value', `${method} ${path} is no toy.`),
  keysIn: ({ 'x-toy-key': key }) => (typeof key === 'string' ? [key] : []),
};

const presenter: StreamPresenter<string> = {
  headers: () => ({}),
  frames: (text) => namedFrame('said', JSON.stringify(text)),
  failure: (error) => toyWire.errorFrame(error, 'req_own'),
  end: () => '',
};

@Controller(['v1/toy', 'external/v1/toy', 'v1/plain'])
class Routes {
  constructor(
    private readonly writer: ResponseWriter,
    private readonly answers: PaidAnswers,
  ) {}

  @Get('caller')
  caller(@CurrentCaller() { surface }: Caller): object {
    return { surface };
  }

  @Post('body')
  body(@Req() request: IncomingMessage): Promise<object> {
    return readJsonBody(request, { maxBytes: 2 });
  }

  @Get('work')
  @UseGuards(AcceptingWork)
  work(): object {
    return {};
  }

  @Get('boom')
  boom(): never {
    throw new Error('secret');
  }

  @Get('stream')
  stream(@Res() response: ServerResponse): Promise<void> {
    return this.writer.stream(response, () => of('a', 'b'), presenter);
  }

  @Get('silence')
  silence(@Res() response: ServerResponse): Promise<void> {
    return this.writer.stream(response, () => NEVER, presenter);
  }

  @Get('late')
  late(@Res() response: ServerResponse): Promise<void> {
    response.flushHeaders();
    return this.writer.stream(
      response,
      () => throwError(() => new GatewayError('upstream_timeout')),
      presenter,
    );
  }

  @Get('repeated')
  repeated(@Res() response: ServerResponse): Promise<void> {
    return this.answers.repeat(response, {
      kind: 'stream',
      status: 200,
      headers: {},
      content: namedFrame('said', '"a"'),
    });
  }
}

@Module({
  controllers: [Routes],
  providers: [
    { provide: ResponseWriter, useValue: new ResponseWriter({ ...SETTINGS, headAfterMs: 20 }) },
    { provide: Drain, useValue: { draining: true } },
    PaidAnswers,
    RunningAnswers,
  ],
})
class ToyModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(speaks(toyWire)).forRoutes('v1/toy', 'external/v1/toy');
  }
}

Logger.overrideLogger(false);

let app: NestExpressApplication;
let base: string;
beforeAll(async () => {
  app = await NestFactory.create<NestExpressApplication>(ToyModule, HTTP_OPTIONS);
  configureHttp(app, {
    corsOrigins: [],
    exchanges: (_request, _response, next) => next(),
    buyers: undefined,
  });
  await app.listen(0, '127.0.0.1');
  base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
});
afterAll(() => app.close());

const asked: Record<string, RequestInit> = {
  caller: { headers: { authorization: `Bearer compose-${'k'.repeat(43)}`, 'x-toy-key': 'no key' } },
  body: { method: 'POST', body: '{"too": "large"}' },
};
const ask = (path: string): Promise<Response> =>
  fetch(base + path, { ...asked[path.split('/').at(-1) ?? ''] });

const FAILURES: readonly (readonly [path: string, status: number, code: string])[] = [
  ['/v1/toy/caller', 403, 'invalid_api_key'],
  ['/external/v1/toy/caller', 403, 'invalid_api_key'],
  ['/v1/toy/body', 413, 'request_too_large'],
  ['/v1/toy/work', 503, 'service_unavailable'],
  ['/v1/toy/boom', 500, 'internal_error'],
  ['/v1/toy/nothing', 400, 'invalid_value'],
  ['/v1/toy/%ff/nothing', 400, 'invalid_value'],
  ['/V1/Toy', 400, 'invalid_value'],
];

describe('a route that names its wire', () => {
  it.each(FAILURES)('tells in it what fails before or in its handler: %s', async (path, status, code) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-toy-error')).toBe(code);
    const requestId = answer.headers.get('x-request-id');
    expect(await answer.json()).toEqual({ oops: code, requestId, withDetails: !path.startsWith('/ext') });
  });

  it('reads the key where the wire has it', async () => {
    const answer = await fetch(`${base}/v1/toy/caller`, {
      headers: { 'x-toy-key': `compose-${'k'.repeat(43)}` },
    });
    expect(await answer.json()).toEqual({ surface: 'native' });
  });

  it.each([
    ['stream', 'event: said\ndata: "a"\n\nevent: said\ndata: "b"\n\n'],
    ['late', 'event: oops\ndata: {"code":"upstream_timeout","requestId":"req_own"}\n\n'],
    ['repeated', 'event: said\ndata: "a"\n\n'],
  ])('ends its streams as the wire does: %s', async (name, text) => {
    expect(await (await ask(`/v1/toy/${name}`)).text()).toBe(text);
  });

  it('shows in a silent stream that it is alive as the wire does', async () => {
    expect(await firstBytes('/v1/toy/silence')).toBe('event: ping\ndata: {}\n\n');
  });
});

describe("what names none speaks OpenAI's", () => {
  it.each([
    ['/v1/plain/caller', 200, undefined],
    ['/v1/plain/body', 413, 'request_too_large'],
    ['/v1/plain/work', 503, 'service_unavailable'],
    ['/v1/plain/boom', 500, 'internal_error'],
    ['/v1/toys', 404, 'not_found'],
    ['/v1/nothing/v1/toy', 404, 'not_found'],
  ])('%s', async (path, status, code) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject(code === undefined ? {} : { error: { code } });
  });

  it('also in its streams', async () => {
    expect(await (await ask('/v1/plain/repeated')).text()).toBe('event: said\ndata: "a"\n\ndata: [DONE]\n\n');
    expect(await firstBytes('/v1/plain/silence')).toBe(': ping\n\n');
  });
});

/** Of a stream that goes on. */
async function firstBytes(path: string): Promise<string> {
  const answer = await fetch(base + path);
  for await (const bytes of answer.body ?? []) return Buffer.from(bytes).toString();
  return '';
}
