import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Moment } from '../../../src/base/moments/moment.js';
import { Moments } from '../../../src/base/moments/moments.js';

const moved: Moment = { type: 'moved', requestId: 'req_1', responseId: 'resp_1' };

it('are heard at once by all that listen, until they end it', () => {
  const moments = new Moments();
  const heard: string[] = [];
  const endFirst = moments.subscribe(({ type }) => heard.push(`first ${type}`));
  moments.subscribe(({ type }) => heard.push(`second ${type}`));
  moments.publish(moved);
  endFirst();
  moments.publish(moved);
  expect(heard).toEqual(['first moved', 'second moved', 'second moved']);
});

it('are heard by those after a listener that throws, whose failure is logged', () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
  const moments = new Moments();
  const failure = new Error('a listener that throws');
  const heard: Moment[] = [];
  moments.subscribe(() => {
    throw failure;
  });
  moments.subscribe((moment) => heard.push(moment));
  moments.publish(moved);
  expect(heard).toEqual([moved]);
  expect(error).toHaveBeenCalledWith({ msg: 'a listener failed', moment: 'moved', err: failure });
  error.mockRestore();
});
