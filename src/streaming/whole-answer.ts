import { type ServerResponse } from 'node:http';
import { type StreamingConfig } from '../base/config.js';
import { Answer } from './answer.js';
import { type Demand, UNLIMITED_DEMAND } from './demand.js';
import { type BodyPresenter } from './presenter.js';

/** One JSON body, written at once after its last item; the client has `stallMs` to take it. */
export class WholeAnswer<Item> extends Answer<Item> {
  protected readonly demand: Demand = UNLIMITED_DEMAND;
  private stallTimer: NodeJS.Timeout | undefined;

  constructor(
    response: ServerResponse,
    private readonly presenter: BodyPresenter<Item>,
    private readonly settings: StreamingConfig,
  ) {
    super(response);
  }

  protected begin(): void {
    // Nothing is sent before the last item.
  }

  protected onItem(item: Item): void {
    this.presenter.add(item);
  }

  protected onFailure(thrown: unknown): void {
    this.refuse(thrown);
  }

  protected onComplete(): void {
    const body = this.presenter.body();
    this.response.writeHead(this.presenter.status ?? 200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      ...this.presenter.headers(),
    });
    this.response.end(body);
    this.stallTimer = setTimeout(() => this.drop(), this.settings.stallMs);
  }

  protected dispose(): void {
    clearTimeout(this.stallTimer);
  }
}
