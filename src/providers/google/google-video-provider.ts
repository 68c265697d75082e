import type { ProviderSettings, Target } from '../../catalog/model.js';
import { exchange, type Exchange } from '../http/exchange.js';
import type { GuardedClient } from '../http/guarded-client.js';
import type { UpstreamClient, UpstreamRequest } from '../http/upstream-client.js';
import { ContentDownload } from '../video/content-download.js';
import { jobFailure, saysGone } from '../video/job-failure.js';
import { submitting } from '../video/submission-failure.js';
import { JOB_TIMEOUT_MS, SUBMISSION_TIMEOUT_MS } from '../video/timeouts.js';
import type {
  ContentRequest,
  UpstreamVideo,
  VideoAbilities,
  VideoContent,
  VideoProvider,
  VideoSnapshot,
  VideoSubmission,
} from '../video/video-provider.js';
import { connectGemini } from './connect.js';
import { convertOperation, convertSubmitted } from './convert-operation.js';
import { convertSubmission } from './convert-submission.js';
import { refuseSubmission } from './refuse-submission.js';
import { wellFormedJson } from '../well-formed.js';

/** The provider keeps a file for two days, and then answers 403. It does not state when a file expires. */
const KEPT_MS = 2 * 24 * 60 * 60 * 1_000;

/** Veo through long-running operations of the Gemini API. */
export class GoogleVideoProvider implements VideoProvider {
  readonly abilities: VideoAbilities = { cancel: false, remix: false, variants: ['video'] };
  private readonly client: UpstreamClient;
  private readonly download: ContentDownload;

  /** @param elsewhere fetches content that is not at the provider's own address. */
  constructor(
    private readonly settings: ProviderSettings,
    elsewhere: GuardedClient,
  ) {
    this.client = connectGemini(settings, 'videos');
    this.download = new ContentDownload(connectGemini(settings, 'contents'), elsewhere, settings);
  }

  submit(submission: VideoSubmission, target: Target, signal: AbortSignal): Promise<VideoSnapshot> {
    const request: UpstreamRequest = {
      method: 'POST',
      path: `/models/${encodeURIComponent(target.upstreamModel)}:predictLongRunning`,
      headers: { 'content-type': 'application/json' },
      body: wellFormedJson(JSON.stringify(convertSubmission(submission))),
    };
    const timeoutMs = Math.min(SUBMISSION_TIMEOUT_MS, this.settings.timeoutMs);
    return submitting(async (onSent) => {
      const answer = await exchange(this.client, request, { signal, timeoutMs, fresh: true, onSent });
      if ('refusal' in answer) throw refuseSubmission(answer.head, answer.refusal, Date.now());
      return convertSubmitted(answer.accepted);
    });
  }

  async find({ upstreamId }: UpstreamVideo, signal: AbortSignal): Promise<VideoSnapshot | 'gone'> {
    const answer = await this.ask({ method: 'GET', path: `/${upstreamId}` }, signal);
    if ('accepted' in answer) return withExpiry(convertOperation(answer.accepted, upstreamId), Date.now());
    if (saysGone(answer.head, answer.refusal)) return 'gone';
    throw jobFailure(answer.head);
  }

  async content(
    { content }: UpstreamVideo,
    request: ContentRequest,
    signal: AbortSignal,
  ): Promise<VideoContent | 'gone'> {
    const { file, uri } = content ?? {};
    if (typeof file === 'string') {
      const place = { path: `/files/${encodeURIComponent(file)}:download`, query: 'alt=media' };
      return this.download.fromProvider(place, request, signal);
    }
    return typeof uri === 'string' ? this.download.fromElsewhere(new URL(uri), request, signal) : 'gone';
  }

  cancel(): Promise<never> {
    return Promise.reject(new Error('this wire cannot cancel'));
  }

  /** Operations expire by themselves; the file can be removed at once, unless the key lacks the permission. */
  async remove({ content }: UpstreamVideo, signal: AbortSignal): Promise<void> {
    const file = content?.file;
    if (typeof file !== 'string') return;
    const answer = await this.ask({ method: 'DELETE', path: `/files/${encodeURIComponent(file)}` }, signal);
    if (!('refusal' in answer) || answer.head.status === 403) return;
    if (!saysGone(answer.head, answer.refusal)) throw jobFailure(answer.head);
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

/** Counts from now, since a job is seen soon after its end. */
function withExpiry(snapshot: VideoSnapshot, nowMs: number): VideoSnapshot {
  return snapshot.content?.file === undefined ? snapshot : { ...snapshot, expiresAtMs: nowMs + KEPT_MS };
}
