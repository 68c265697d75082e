import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Account } from '../http/account-guard.js';
import { ResponseWriter } from '../streaming/response-writer.js';
import { VideoContents } from './content/video-contents.js';
import { parseContentQuery } from './content/content-query.js';
import { parsePageQuery } from './list-query.js';
import { VideoPresenter } from './video-presenter.js';
import { Videos } from './videos.service.js';
import { ExternalWatchPresenter, NativeWatchPresenter } from './watch/watch-presenters.js';
import { parseWatchQuery, type Query } from './watch/watch-query.js';
import { watchStream } from './watch/watch-stream.js';
import { VideoWatches } from './watch/video-watches.js';

/** Routes for existing videos, shared by both surfaces. */
@Injectable()
export class StoredVideosEndpoint {
  constructor(
    private readonly videos: Videos,
    private readonly watches: VideoWatches,
    private readonly contents: VideoContents,
    private readonly presenter: VideoPresenter,
    private readonly writer: ResponseWriter,
  ) {}

  async list(account: Account, query: Query): Promise<object> {
    const { videos, hasMore } = await this.videos.page(account.id, parsePageQuery(query));
    return this.presenter.page(videos, hasMore, account.surface);
  }

  async find(account: Account, id: string): Promise<object> {
    return this.presenter.video(await this.videos.ask(account.id, id), account.surface);
  }

  async cancel(account: Account, id: string): Promise<object> {
    return this.presenter.video(await this.videos.cancel(account.id, id), account.surface);
  }

  async erase(account: Account, id: string): Promise<object> {
    await this.videos.erase(account.id, id);
    return this.presenter.deleted(id);
  }

  /** Streams the status as Server-Sent Events. */
  async watch(account: Account, id: string, query: Query, response: ServerResponse): Promise<void> {
    const settings = parseWatchQuery(query);
    const { shown } = await this.videos.find(account.id, id);
    const urlOf = this.presenter.urlFor(account.surface);
    await this.writer.stream(
      response,
      () => watchStream(shown, settings, this.watches.follow(id, settings.pollIntervalMs)),
      account.surface === 'native'
        ? new NativeWatchPresenter(settings, urlOf)
        : new ExternalWatchPresenter(urlOf),
    );
  }

  async content(
    account: Account,
    id: string,
    query: Query,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const variant = parseContentQuery(query);
    const video = await this.videos.find(account.id, id);
    const { range, 'if-range': ifRange } = request.headers;
    await this.contents.send(video, { variant, range, ifRange: ifRange?.toString() }, request, response);
  }
}
