import type { GatewayError } from '../../base/errors/gateway-error.js';
import { composeError, composeReceipt } from '../../payments/with-receipts.js';
import { dataFrame, namedFrame } from '../../streaming/frames.js';
import { openAi } from '../../streaming/openai-wire.js';
import type { HeaderFields, StreamPresenter } from '../../streaming/presenter.js';
import { videoJson, videoStatusEvent } from '../domain/video-json.js';
import type { VideoUrl } from '../video-presenter.js';
import type { WatchSettings } from './watch-query.js';
import type { Watched } from './watch-stream.js';

/** Unnamed frames with the video's current state. */
export class ExternalWatchPresenter implements StreamPresenter<Watched> {
  constructor(private readonly urlOf: VideoUrl) {}

  headers(): HeaderFields {
    return {};
  }

  frames(item: Watched): string {
    return 'video' in item ? dataFrame(JSON.stringify(videoJson(item.video, this.urlOf(item.video.id)))) : '';
  }

  failure(error: GatewayError): string {
    return openAi.errorFrame(error);
  }

  end(): string {
    return '';
  }
}

/** `compose.video.status`, `compose.receipt` and `compose.error`. */
export class NativeWatchPresenter implements StreamPresenter<Watched> {
  constructor(
    private readonly settings: WatchSettings,
    private readonly urlOf: VideoUrl,
  ) {}

  headers(): HeaderFields {
    return {
      'x-compose-poll-interval-ms': String(this.settings.pollIntervalMs),
      'x-compose-timeout-ms': String(this.settings.timeoutMs),
    };
  }

  frames(item: Watched): string {
    if ('receipt' in item) return composeReceipt(item.receipt);
    const { video } = item;
    return namedFrame('compose.video.status', JSON.stringify(videoStatusEvent(video, this.urlOf(video.id))));
  }

  failure(error: GatewayError): string {
    return composeError(error);
  }

  end(): string {
    return '';
  }
}
