import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Caller } from '../http/caller.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';
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

/** What both surfaces do with videos that are there. */
@Injectable()
export class StoredVideosEndpoint {
  constructor(
    private readonly videos: Videos,
    private readonly watches: VideoWatches,
    private readonly contents: VideoContents,
    private readonly presenter: VideoPresenter,
    private readonly keys: KeyAuthenticator,
    private readonly writer: ResponseWriter,
  ) {}

  async list(caller: Caller, query: Query): Promise<object> {
    const accountId = await this.accountOf(caller);
    const { videos, hasMore } = await this.videos.page(accountId, parsePageQuery(query));
    return this.presenter.page(videos, hasMore, caller.surface);
  }

  async find(caller: Caller, id: string): Promise<object> {
    return this.presenter.video(await this.videos.ask(await this.accountOf(caller), id), caller.surface);
  }

  async cancel(caller: Caller, id: string): Promise<object> {
    return this.presenter.video(await this.videos.cancel(await this.accountOf(caller), id), caller.surface);
  }

  async erase(caller: Caller, id: string): Promise<object> {
    await this.videos.erase(await this.accountOf(caller), id);
    return this.presenter.deleted(id);
  }

  /** The status over Server-Sent Events. */
  async watch(caller: Caller, id: string, query: Query, response: ServerResponse): Promise<void> {
    const accountId = await this.accountOf(caller);
    const settings = parseWatchQuery(query);
    const { shown } = await this.videos.find(accountId, id);
    const urlOf = this.presenter.urlFor(caller.surface);
    await this.writer.stream(
      response,
      () => watchStream(shown, settings, this.watches.follow(id, settings.pollIntervalMs)),
      caller.surface === 'native'
        ? new NativeWatchPresenter(settings, urlOf)
        : new ExternalWatchPresenter(urlOf),
    );
  }

  async content(
    caller: Caller,
    id: string,
    query: Query,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const accountId = await this.accountOf(caller);
    const variant = parseContentQuery(query);
    const video = await this.videos.find(accountId, id);
    const { range, 'if-range': ifRange } = request.headers;
    await this.contents.send(video, { variant, range, ifRange: ifRange?.toString() }, request, response);
  }

  private async accountOf(caller: Caller): Promise<string> {
    return (await this.keys.authenticate(caller)).accountId;
  }
}
