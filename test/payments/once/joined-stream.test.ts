import { describe, expect, it } from '@jest/globals';
import { lastValueFrom, of, throwError, toArray } from 'rxjs';
import type { ShownEvent } from '../../../src/payments/compose-headers.js';
import { outliving, RecordedStream } from '../../../src/payments/once/recorded-answer.js';
import { AwaitedEnds } from '../../../src/payments/once/awaited-ends.js';
import type { IdempotencyStore } from '../../../src/payments/once/idempotency-store.js';
import { RunningAnswers } from '../../../src/payments/once/running-answers.js';
import type { PaymentSettings } from '../../../src/payments/settings.js';

const ONCE = { key: 'k', fingerprint: Buffer.alloc(32) };

function recorded(answers: RunningAnswers): RecordedStream<ShownEvent> {
  const stream = new RecordedStream<ShownEvent>(
    ONCE,
    {
      headers: () => ({}),
      frames: (item) => ('event' in item ? `${item.event.type};` : ''),
      failure: () => '',
      end: () => 'end',
    },
    answers,
  );
  stream.begun('resp_1');
  return stream;
}

describe('a stream that was found while its call ran', () => {
  it('is whole for who comes after the end', async () => {
    const answers = new RunningAnswers();
    const stream = recorded(answers);
    const live = answers.find('resp_1')?.live();
    await lastValueFrom(outliving(of({ event: { type: 'a' } }, { event: { type: 'b' } }), stream));
    expect(answers.find('resp_1')).toBeUndefined();
    expect(await lastValueFrom(live!.frames().pipe(toArray()))).toEqual(['a;b;', 'end']);
  });

  it('fails as the call did for who comes after that', async () => {
    const answers = new RunningAnswers();
    const stream = recorded(answers);
    const live = answers.find('resp_1')?.live();
    const failure = new Error('over');
    await expect(
      lastValueFrom(
        outliving(
          throwError(() => failure),
          stream,
        ),
      ),
    ).rejects.toBe(failure);
    await expect(lastValueFrom(live!.frames())).rejects.toBe(failure);
  });
});

describe('a wait for a call that runs elsewhere', () => {
  it('says so when the database cannot be asked', async () => {
    const store = { find: () => Promise.reject(new Error('no connection')) } as unknown as IdempotencyStore;
    const settings = { idempotencyWaitMs: 60_000 } as PaymentSettings;
    const ends = new AwaitedEnds(store, new RunningAnswers(), settings);
    await expect(ends.of({ accountId: 'a', key: 'k', responseId: 'r' })).rejects.toMatchObject({
      code: 'service_unavailable',
    });
  });
});
