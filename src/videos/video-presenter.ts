import { Injectable } from '@nestjs/common';
import type { Surface } from '../http/surface.js';
import { receiptInBody } from '../base/money/receipt-json.js';
import type { VideoJob } from './domain/video-job.js';
import { videoJson } from './domain/video-json.js';
import { VideoSettings } from './settings.js';

/** Address of a video's content, by the video's id. */
export type VideoUrl = (id: string) => string;

/** Shows videos as JSON; the native surface adds their receipts. */
@Injectable()
export class VideoPresenter {
  constructor(private readonly settings: VideoSettings) {}

  urlFor(surface: Surface): VideoUrl {
    const base = `${this.settings.publicUrl}${surface === 'native' ? '' : '/external'}/v1/videos`;
    return (id) => `${base}/${id}/content`;
  }

  video(job: VideoJob, surface: Surface): object {
    return {
      ...videoJson(job, this.urlFor(surface)(job.id)),
      ...(surface === 'native' && job.receipt && { compose_receipt: receiptInBody(job.receipt) }),
    };
  }

  page(jobs: readonly VideoJob[], hasMore: boolean, surface: Surface): object {
    return {
      object: 'list',
      data: jobs.map((job) => this.video(job, surface)),
      first_id: jobs[0]?.id ?? null,
      last_id: jobs.at(-1)?.id ?? null,
      has_more: hasMore,
    };
  }

  deleted(id: string): object {
    return { id, object: 'video.deleted', deleted: true };
  }
}
