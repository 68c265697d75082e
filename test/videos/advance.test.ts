import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { advance, type Reported } from '../../src/videos/domain/advance.js';
import { isTerminal, mayBecome, type VideoStatus } from '../../src/videos/domain/video-status.js';

const running = fc.constantFrom<VideoStatus>('submitting', 'queued', 'processing');
const reported: fc.Arbitrary<Reported | 'gone'> = fc.oneof(
  fc.constant('gone' as const),
  fc.record(
    {
      state: fc.constantFrom('queued', 'processing', 'completed', 'failed'),
      progress: fc.double(),
      error: fc.record({ code: fc.string(), message: fc.string() }),
    },
    { requiredKeys: ['state'] },
  ),
);

describe('a job', () => {
  it('never goes back, whatever its upstream says of it in whatever order', () => {
    fc.assert(
      fc.property(running, fc.array(reported, { maxLength: 20 }), (first, reports) => {
        let job = { status: first, progress: 0 };
        for (const report of reports) {
          if (isTerminal(job.status)) return;
          const next = advance(job, report);
          expect(next.to === job.status || mayBecome(job.status, next.to)).toBe(true);
          if (next.to === 'failed') expect(next.error.message).toBeDefined();
          const progress = 'progress' in next ? next.progress : 100;
          expect(progress).toBeGreaterThanOrEqual(job.progress);
          if (!isTerminal(next.to)) expect(progress).toBeLessThan(100);
          expect(Number.isInteger(progress)).toBe(true);
          job = { status: next.to, progress };
        }
      }),
    );
  });

  it('that has ended does not change', () => {
    for (const status of ['completed', 'failed'] as const)
      expect(() => advance({ status, progress: 0 }, { state: 'queued' })).toThrow(RangeError);
  });

  it('that its upstream does not know any more has failed', () => {
    expect(advance({ status: 'processing', progress: 40 }, 'gone')).toMatchObject({
      to: 'failed',
      error: { code: 'upstream_job_lost' },
    });
  });
});
