import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Ajv } from 'ajv';
import { WarmUp } from '../../src/app/warm-up.js';
import { checkerOf, compileNextChecker } from '../../src/base/shape/checker.js';
import { until } from '../support/until.js';

const SCHEMAS = ['a', 'b', 'c'].map((name) => ({ type: 'object', required: [name] }));

/** Checkers that nobody has compiled, and nothing else. */
function spyOnCompiling(schemas: readonly object[]): jest.SpiedFunction<Ajv['compile']> {
  while (compileNextChecker());
  for (const schema of schemas) checkerOf({ ...schema });
  return jest.spyOn(Ajv.prototype, 'compile');
}

describe('the warm-up', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('compiles all schemas in the background, and returns at once', async () => {
    const compile = spyOnCompiling(SCHEMAS);
    const warmUp = new WarmUp();
    warmUp.begin();
    expect(compile).not.toHaveBeenCalled();
    await until(() => compile.mock.calls.length === SCHEMAS.length);
    await warmUp.stop();
    expect(compileNextChecker()).toBe(false);
  });

  it('leaves the rest when the process ends meanwhile, which waits for the step under way', async () => {
    const compile = spyOnCompiling(SCHEMAS);
    const warmUp = new WarmUp();
    warmUp.begin();
    await until(() => compile.mock.calls.length > 0);
    await warmUp.stop();
    const compiled = compile.mock.calls.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(compile).toHaveBeenCalledTimes(compiled);

    spyOnCompiling(SCHEMAS).mockClear();
    const ended = new WarmUp();
    ended.begin();
    await ended.stop();
    expect(compile).not.toHaveBeenCalled();
  });

  it('logs what cannot be prepared, and ends in order', async () => {
    spyOnCompiling([{ type: 'nothing that JSON has' }]);
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const warmUp = new WarmUp();
    warmUp.begin();
    await until(() => log.mock.calls.length > 0);
    await warmUp.stop();
    const [[said] = []] = log.mock.calls as { err: Error }[][];
    expect(said?.err.message).toContain('nothing that JSON has');
  });
});
