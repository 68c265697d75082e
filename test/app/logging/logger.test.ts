import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../src/app/logging/create-logger.js';
import { LineOutput } from '../../../src/app/logging/line-output.js';
import { NestLogger } from '../../../src/app/logging/nest-logger.js';
import { until } from '../../support/until.js';

function capture(settings: { level?: string; pretty?: boolean } = {}) {
  const lines: string[] = [];
  const output = new LineOutput((bytes) => {
    lines.push(bytes.toString());
    return bytes.length;
  });
  // Without waiting for the end of the turn.
  const write = (line: string): void => {
    output.write(line);
    output.flush();
  };
  const logger = createLogger(
    { level: settings.level ?? 'trace', pretty: settings.pretty ?? false },
    { write },
  );
  const entries = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, lines, entries };
}

describe('createLogger', () => {
  it('writes one JSON object a line with an ISO time', () => {
    const { logger, entries } = capture();
    logger.info({ requestId: 'req_1' }, 'hello');
    expect(entries()).toEqual([expect.objectContaining({ level: 30, requestId: 'req_1', msg: 'hello' })]);
    expect(new Date(entries()[0]!['time'] as string).getTime()).toBeGreaterThan(0);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('unseen');
    logger.warn('seen');
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['authorization', { headers: { authorization: 'hidden value' } }],
    ['cookie', { request: { headers: { cookie: 'hidden value' } } }],
    ['set-cookie', { headers: { 'set-cookie': ['hidden value'] } }],
    ['x-api-key', { upstream: { request: { headers: { 'x-api-key': 'hidden value' } } } }],
    ['an API key setting', { apiKey: 'hidden value' }],
    ['a provider', { provider: { apiKey: 'hidden value' } }],
    ['the signing key', { config: { receiptSigningKey: 'hidden value' } }],
  ])('leaves out %s wherever it stands', (_name, fields) => {
    const { logger, lines } = capture();
    logger.info(fields, 'with a secret');
    expect(lines.join()).toContain('[redacted]');
    expect(lines.join()).not.toContain('hidden value');
  });

  it.each([
    ['a key of the gateway', `compose-${'aB3_'.repeat(10)}`],
    ["a provider's key", `sk-proj-${'x1Y2'.repeat(8)}`],
    ['a bearer token', `Bearer ${'t0k3n'.repeat(5)}`],
    ['a database password', 'postgres://user:hunter2secret@db/gateway'],
  ])('leaves out %s inside any text', (_name, secret) => {
    const { logger, lines } = capture();
    logger.error({ err: new Error(`failed with ${secret}`) }, `because of ${secret}!`);
    expect(lines.join()).not.toContain(secret.slice(-20, -12));
    expect(() => JSON.parse(lines[0]!) as unknown).not.toThrow();
  });

  it('writes for people at a terminal', async () => {
    const { logger, lines } = capture({ pretty: true });
    logger.info({ headers: { authorization: 'hidden value' } }, 'hello');
    await until(() => lines.length > 0);
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1);
    expect(lines.join('')).toMatch(/INFO.*hello/);
    expect(lines.join('')).not.toContain('hidden value');
  });
});

describe('NestLogger', () => {
  it.each([
    ['log', 30],
    ['warn', 40],
    ['error', 50],
    ['fatal', 60],
    ['debug', 20],
    ['verbose', 10],
  ] as const)('writes %s with its level and its context', (method, level) => {
    const { logger, entries } = capture();
    new NestLogger(logger)[method]('hello', 'Room');
    expect(entries()).toEqual([expect.objectContaining({ level, msg: 'hello', context: 'Room' })]);
  });

  it('keeps what comes between message and context, the cause of an error, and fields', () => {
    const { logger, entries } = capture();
    const nest = new NestLogger(logger);
    nest.error('failed', 'a stack', 'Room');
    nest.error(new Error('outer', { cause: new Error('inner') }), undefined, 'Room');
    nest.log({ msg: 'with fields', models: 3 }, 'Room');
    nest.log('without context');
    expect(entries()).toEqual([
      expect.objectContaining({ msg: 'failed', details: ['a stack'], context: 'Room' }),
      expect.objectContaining({
        err: expect.objectContaining({ message: expect.stringContaining('inner') }),
        context: 'Room',
      }),
      expect.objectContaining({ msg: 'with fields', models: 3, context: 'Room' }),
      expect.objectContaining({ msg: 'without context' }),
    ]);
  });

  it('writes nothing below the level', () => {
    const { logger, lines } = capture({ level: 'error' });
    new NestLogger(logger).log('unseen', 'Room');
    expect(lines).toEqual([]);
  });
});
