import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { Surface } from '../http/surface.js';
import { budgetFields } from '../payments/compose-headers.js';
import type { KeptAnswer } from '../payments/once/idempotency-store.js';
import type { Earlier } from '../payments/once/earlier.js';
import { inFlight } from '../payments/once/kept-answer-of.js';
import { Once } from '../payments/once/once.js';
import type { OnceKey } from '../payments/once/once-key.js';
import { PaidAnswers } from '../payments/once/paid-answers.js';
import type { AgreedPayment } from '../payments/x402/agreed-payment.js';
import type { HeaderFields } from '../streaming/presenter.js';
import type { VideoJob } from './domain/video-job.js';
import { VideoPresenter } from './video-presenter.js';
import type { SubmittedVideo } from './video-submissions.js';
import { VideoPayments } from './video-payments.js';
import { Videos } from './videos.service.js';

/** Where and how a request for a video is answered. */
export interface Answering {
  readonly response: ServerResponse;
  readonly surface: Surface;
  readonly status: number;
  readonly once: OnceKey | undefined;
  /** What pays for it, when a wallet does. */
  readonly payment: AgreedPayment | undefined;
}

/** Answers requests for videos, first and repeated ones. */
@Injectable()
export class VideoAnswers {
  constructor(
    private readonly videos: Videos,
    private readonly presenter: VideoPresenter,
    private readonly answers: PaidAnswers,
    private readonly once: Once,
    private readonly payments: VideoPayments,
  ) {}

  async submitted(
    { job, grant }: SubmittedVideo,
    { response, surface, status, once, payment }: Answering,
  ): Promise<void> {
    const paid = payment ? await this.payments.pay(job.id, payment) : {};
    const headers = { ...(surface === 'native' ? budgetFields(grant.budget) : {}), ...paid };
    const answer = this.shown(job, surface, { status, headers });
    if (once) await this.once.keep(job.id, answer);
    return this.answers.repeat(response, answer);
  }

  async repeated(
    { accountId, responseId, answer }: Earlier,
    { response, surface }: Pick<Answering, 'response' | 'surface'>,
  ): Promise<void> {
    if (answer.kind === 'whole' || answer.kind === 'live') return this.answers.repeat(response, answer);
    const { shown } = await this.videos.find(accountId, responseId).catch((failure: unknown) => {
      // The provider has just refused this job, and its record was deleted.
      throw failure instanceof GatewayError && failure.code === 'video_not_found' ? inFlight() : failure;
    });
    if (shown.status === 'submitting') throw inFlight();
    return this.answers.repeat(response, this.shown(shown, surface, answer));
  }

  private shown(
    job: VideoJob,
    surface: Surface,
    { status, headers }: { readonly status: number; readonly headers: HeaderFields },
  ): KeptAnswer {
    return { kind: 'whole', status, headers, content: JSON.stringify(this.presenter.video(job, surface)) };
  }
}
