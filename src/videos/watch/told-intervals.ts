import type { PollStore } from '../polling/poll-store.js';

/**
 * Keeps the poll intervals of this process's watched videos up to date in the database. Changes during a write are
 * written together in the next one.
 */
export class ToldIntervals {
  /** Intervals that the database has, milliseconds by video id. */
  private readonly told = new Map<string, number>();
  /** Ids of videos whose interval in the database may be out of date. */
  private readonly changed = new Set<string>();
  private telling: Promise<void> | undefined;

  /**
   * @param intervalOf the present interval of a video; undefined when nobody watches it
   * @param onWatch called when videos may be due sooner than before
   */
  constructor(
    private readonly store: PollStore,
    private readonly validMs: number,
    private readonly intervalOf: (videoId: string) => number | undefined,
    private readonly onWatch: () => void,
    private readonly report: (failure: unknown) => void,
  ) {}

  tell(videoId: string): void {
    this.changed.add(videoId);
    this.telling ??= this.tellOn();
  }

  /** Renews all intervals, which are valid for `validMs`. Also writes intervals whose write failed. */
  async renew(): Promise<void> {
    const watches = [...this.told].map(([videoId, intervalMs]) => ({ videoId, intervalMs }));
    if (watches.length > 0) await this.store.watch(watches, this.validMs);
  }

  /** Resolves when nothing is left to write. */
  async whenTold(): Promise<void> {
    await this.telling;
  }

  private async tellOn(): Promise<void> {
    while (this.changed.size > 0) {
      const ids = [...this.changed].filter((id) => this.intervalOf(id) !== this.told.get(id));
      this.changed.clear();
      await this.tellOf(ids).catch(this.report);
    }
    this.telling = undefined;
  }

  private async tellOf(ids: readonly string[]): Promise<void> {
    const left = ids.filter((id) => this.intervalOf(id) === undefined);
    const watches = ids.flatMap((videoId) => {
      const intervalMs = this.intervalOf(videoId);
      return intervalMs === undefined ? [] : { videoId, intervalMs };
    });
    for (const id of left) this.told.delete(id);
    for (const { videoId, intervalMs } of watches) this.told.set(videoId, intervalMs);
    if (left.length > 0) await this.store.unwatch(left);
    if (watches.length === 0) return;
    await this.store.watch(watches, this.validMs);
    this.onWatch();
  }
}
