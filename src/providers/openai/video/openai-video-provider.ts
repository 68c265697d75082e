import type { ProviderSettings, Target } from '../../../catalog/model.js';
import { exchange, type Exchange } from '../../http/exchange.js';
import type { GuardedClient } from '../../http/guarded-client.js';
import type { UpstreamClient, UpstreamRequest } from '../../http/upstream-client.js';
import { ContentDownload } from '../../video/content-download.js';
import { jobFailure, saysGone } from '../../video/job-failure.js';
import { submitting } from '../../video/submission-failure.js';
import { JOB_TIMEOUT_MS, SUBMISSION_TIMEOUT_MS } from '../../video/timeouts.js';
import type {
  ContentRequest,
  UpstreamVideo,
  VideoAbilities,
  VideoContent,
  VideoProvider,
  VideoSnapshot,
  VideoSubmission,
} from '../../video/video-provider.js';
import { connectOpenAi } from '../connect.js';
import { convertSubmission } from './convert-submission.js';
import { convertSubmitted, convertVideo } from './convert-video.js';
import { refuseSubmission } from './refuse-submission.js';

/** Any server that speaks OpenAI's videos wire. */
export class OpenAiVideoProvider implements VideoProvider {
  /** DELETE is for jobs that have ended; a running job cannot be stopped. */
  readonly abilities: VideoAbilities = { cancel: false, remix: true, variants: ['video', 'thumbnail'] };
  private readonly client: UpstreamClient;
  private readonly download: ContentDownload;

  /** @param elsewhere follows redirects of content to other hosts. */
  constructor(
    private readonly settings: ProviderSettings,
    elsewhere: GuardedClient,
  ) {
    this.client = connectOpenAi(settings, 'videos');
    this.download = new ContentDownload(connectOpenAi(settings, 'contents'), elsewhere, settings);
  }

  submit(submission: VideoSubmission, target: Target, signal: AbortSignal): Promise<VideoSnapshot> {
    const request = convertSubmission(submission, target);
    const timeoutMs = Math.min(SUBMISSION_TIMEOUT_MS, this.settings.timeoutMs);
    return submitting(async (onSent) => {
      const answer = await exchange(this.client, request, { signal, timeoutMs, fresh: true, onSent });
      if ('refusal' in answer)
        throw refuseSubmission(answer.head, answer.refusal, submission.names, Date.now());
      return convertSubmitted(answer.accepted);
    });
  }

  async find({ upstreamId }: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot | 'gone'> {
    const answer = await this.ask({ method: 'GET', path: pathOf(upstreamId) }, signal);
    if ('accepted' in answer) return convertVideo(answer.accepted, upstreamId);
    if (saysGone(answer.head, answer.refusal)) return 'gone';
    throw jobFailure(answer.head);
  }

  content(
    { upstreamId }: UpstreamVideo,
    request: ContentRequest,
    signal: AbortSignal,
  ): Promise<VideoContent | 'gone'> {
    const variant = request.variant === 'video' ? {} : { query: `variant=${request.variant}` };
    return this.download.fromProvider({ path: `${pathOf(upstreamId)}/content`, ...variant }, request, signal);
  }

  cancel(): Promise<never> {
    return Promise.reject(new Error('this wire cannot cancel'));
  }

  async remove({ upstreamId }: UpstreamVideo, signal: AbortSignal): Promise<void> {
    const answer = await this.ask({ method: 'DELETE', path: pathOf(upstreamId) }, signal);
    if ('refusal' in answer && !saysGone(answer.head, answer.refusal)) throw jobFailure(answer.head);
  }

  async close(): Promise<void> {
    await Promise.all([this.client.close(), this.download.close()]);
  }

  async destroy(): Promise<void> {
    await Promise.all([this.client.destroy(), this.download.destroy()]);
  }

  private ask(request: UpstreamRequest, signal: AbortSignal): Promise<Exchange> {
    const timeoutMs = Math.min(JOB_TIMEOUT_MS, this.settings.timeoutMs);
    return exchange(this.client, request, { signal, timeoutMs });
  }
}

function pathOf(upstreamId: string): string {
  return `/videos/${encodeURIComponent(upstreamId)}`;
}
