import { Injectable } from '@nestjs/common';
import { GatewayError, toGatewayError } from '../base/errors/gateway-error.js';
import { UpstreamFailure } from '../providers/upstream-failure.js';
import { isTerminal } from './domain/video-status.js';
import type { UpstreamJob, VideoJob } from './domain/video-job.js';
import { PollStore } from './polling/poll-store.js';
import { VideoPoller } from './polling/video-poller.js';
import { UpstreamVideos } from './upstream-videos.js';
import type { RemixSource } from './video-command.js';
import { VideoEndings } from './video-endings.js';
import type { VideoRequest } from './video-request.js';
import { VideoStore, type OwnedVideo, type VideoPage, type VideoPageRequest } from './video-store.js';

/** When a client asks for its video, the next poll comes at most this long after the last one. */
const FRESH_MS = 2_000;
/** Timeout of an upstream request while a client waits. */
const UPSTREAM_WAIT_MS = 60_000;
const REMOVAL_WAIT_MS = 10_000;

/** What an account can do with its videos. */
@Injectable()
export class Videos {
  constructor(
    private readonly store: VideoStore,
    private readonly polls: PollStore,
    private readonly poller: VideoPoller,
    private readonly upstream: UpstreamVideos,
    private readonly endings: VideoEndings,
  ) {}

  /** @throws GatewayError video_not_found */
  async find(accountId: string, id: string): Promise<OwnedVideo> {
    const found = await this.store.find(accountId, id);
    if (!found) throw notFound(id);
    return found;
  }

  /** Like `find`, for a client that will ask again. */
  async ask(accountId: string, id: string): Promise<VideoJob> {
    const { shown } = await this.find(accountId, id);
    if (!isTerminal(shown.status) && (await this.polls.hasten(id, FRESH_MS))) this.poller.look();
    return shown;
  }

  page(accountId: string, request: VideoPageRequest): Promise<VideoPage> {
    return this.store.page(accountId, request);
  }

  /** Does nothing to a video that has ended. @throws GatewayError video_not_found, cancel_not_supported */
  async cancel(accountId: string, id: string): Promise<VideoJob> {
    const { shown, upstream } = await this.find(accountId, id);
    if (!isTerminal(shown.status)) await this.stop(upstream);
    return (await this.find(accountId, id)).shown;
  }

  /** @throws GatewayError video_not_found, cancel_not_supported */
  async erase(accountId: string, id: string): Promise<void> {
    const before = await this.find(accountId, id);
    if (!isTerminal(before.shown.status)) await this.stop(before.upstream);
    const { upstream } = await this.find(accountId, id);
    if (!isTerminal(upstream.status))
      throw new GatewayError('service_unavailable', 'The video has not ended yet. Ask again.', {
        retryAfterSeconds: 1,
      });
    await this.removeUpstream(upstream);
    if (!(await this.store.erase(accountId, id))) throw notFound(id);
  }

  /** @throws GatewayError when the source does not exist, is not completed, or its provider cannot remix */
  async remixOf(
    accountId: string,
    id: string,
    prompt: string,
  ): Promise<{ readonly request: VideoRequest; readonly source: RemixSource }> {
    const { shown, upstream } = await this.find(accountId, id);
    if (shown.status !== 'completed' || upstream.upstreamId === undefined)
      throw new GatewayError('invalid_value', 'Only a completed video can be remixed.');
    const { provider } = this.upstream.locate(upstream);
    if (!provider.abilities.remix)
      throw new GatewayError('unsupported_parameter', "The model's provider cannot remix videos.");
    const { seconds, size, aspectRatio } = shown.parameters;
    return {
      request: {
        shape: shown.shape,
        model: shown.model,
        parameters: { prompt, seconds, size, aspectRatio },
        image: undefined,
        names: { seconds: 'seconds', image: 'input_reference' },
      },
      source: {
        id,
        upstreamId: upstream.upstreamId,
        place: upstream,
      },
    };
  }

  /** A cancellation counts once the upstream confirms it; until then the job goes on. */
  private async stop(job: UpstreamJob): Promise<void> {
    if (job.upstreamId === undefined)
      throw new GatewayError('service_unavailable', 'The video is still being submitted. Ask again.', {
        retryAfterSeconds: 1,
      });
    const { provider, video } = this.upstream.locate(job);
    if (!provider.abilities.cancel) throw new GatewayError('cancel_not_supported');
    const reported = await provider
      .cancel(video, AbortSignal.timeout(UPSTREAM_WAIT_MS))
      .catch((failure: unknown) => {
        throw failure instanceof UpstreamFailure ? failure.error : toGatewayError(failure);
      });
    await this.endings.apply(job, reported);
    if (await this.polls.hasten(job.id, 0)) this.poller.look();
  }

  /** A video that cannot be removed upstream expires there. */
  private async removeUpstream(job: UpstreamJob): Promise<void> {
    try {
      const { provider, video } = this.upstream.locate(job);
      await provider.remove(video, AbortSignal.timeout(REMOVAL_WAIT_MS));
    } catch {
      // A missing or silent provider must not keep a client from deleting its stored video.
    }
  }
}

function notFound(id: string): GatewayError {
  return new GatewayError('video_not_found', `Video with id '${id}' not found.`);
}
