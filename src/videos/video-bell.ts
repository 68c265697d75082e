import { Injectable } from '@nestjs/common';
import { Subject } from 'rxjs';

/** Tells this process at once that something about a video has changed; other processes look by the clock. */
@Injectable()
export class VideoBell {
  /** Ids of videos. */
  readonly rings = new Subject<string>();

  ring(videoId: string): void {
    this.rings.next(videoId);
  }
}
