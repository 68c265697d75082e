import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Injectable, Logger } from '@nestjs/common';
import { GatewayError, toGatewayError } from '../../base/errors/gateway-error.js';
import { whenLeft } from '../../http/client-left.js';
import { UpstreamFailure } from '../../providers/upstream-failure.js';
import type { ContentRequest, VideoContent } from '../../providers/video/video-provider.js';
import { VideoSettings } from '../settings.js';
import { UpstreamVideos } from '../upstream-videos.js';
import type { OwnedVideo } from '../video-store.js';

/** Passes the bytes of videos through, as fast as the client takes them and only while it stays. */
@Injectable()
export class VideoContents {
  private readonly logger = new Logger(VideoContents.name);

  constructor(
    private readonly upstream: UpstreamVideos,
    private readonly settings: VideoSettings,
  ) {}

  /**
   * @throws GatewayError before anything is written, such as 404 for missing content
   * @throws ClientLeft
   */
  async send(
    { shown, upstream }: OwnedVideo,
    request: ContentRequest,
    { method }: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (shown.status !== 'completed') throw noContent('The video is not completed');
    const left = whenLeft(response);
    const content = await this.open(shown, upstream, request, left);
    if (left.aborted || method === 'HEAD' || content.status === 416) content.body.destroy();
    if (left.aborted) return;
    if (content.status === 416) throw unsatisfiable(content, response);
    response.writeHead(content.status, headersOf(content));
    if (method === 'HEAD') response.end();
    else await this.pass(content, response);
  }

  private async open(
    { expiresAtMs }: OwnedVideo['shown'],
    job: OwnedVideo['upstream'],
    request: ContentRequest,
    signal: AbortSignal,
  ): Promise<VideoContent> {
    const { provider, video } = this.upstream.locate(job);
    if (!provider.abilities.variants.includes(request.variant))
      throw noContent(`The model's provider has no ${request.variant}`);
    let content;
    try {
      content = await provider.content(video, request, signal);
    } catch (failure) {
      signal.throwIfAborted();
      // Not every provider answers 404 for content that it has deleted.
      if (expiresAtMs !== undefined && expiresAtMs <= Date.now()) throw expired();
      throw failure instanceof UpstreamFailure ? failure.error : toGatewayError(failure);
    }
    if (content === 'gone') throw expired();
    return content;
  }

  /** If one side breaks off, both are destroyed, so that no client takes a part for the whole. */
  private async pass({ body }: VideoContent, response: ServerResponse): Promise<void> {
    let timer = this.stallTimer(response);
    body.on('data', () => {
      clearTimeout(timer);
      timer = this.stallTimer(response);
    });
    try {
      await pipeline(body, response);
    } catch (failure) {
      if (failure instanceof UpstreamFailure)
        this.logger.warn({ msg: 'the content of a video broke off', code: failure.error.code });
    } finally {
      clearTimeout(timer);
    }
  }

  private stallTimer(response: ServerResponse): NodeJS.Timeout {
    return setTimeout(() => {
      // Only a client with unread bytes is stalled; a slow upstream has its own timeout.
      if (response.writableLength > 0) response.destroy();
    }, this.settings.stallMs);
  }
}

function headersOf(content: VideoContent): Record<string, string | number> {
  const { contentType, contentLength, contentRange, etag, lastModified } = content;
  return {
    'Content-Type': contentType,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-store',
    ...(contentLength !== undefined && { 'Content-Length': contentLength }),
    ...(contentRange !== undefined && { 'Content-Range': contentRange }),
    ...(etag !== undefined && { ETag: etag }),
    ...(lastModified !== undefined && { 'Last-Modified': lastModified }),
  };
}

function unsatisfiable({ contentRange }: VideoContent, response: ServerResponse): GatewayError {
  if (contentRange !== undefined) response.setHeader('Content-Range', contentRange);
  return new GatewayError('range_not_satisfiable');
}

function expired(): GatewayError {
  return noContent('The content has expired');
}

function noContent(what: string): GatewayError {
  return new GatewayError('not_found', `${what}: there is nothing to download.`);
}
