import type { JsonObject } from '../../base/json.js';
import type { History } from '../context-reader.js';

const MAX_RESPONSES = 16;

interface LocalResponse extends History {
  readonly bytes: number;
}

/**
 * The newest responses of one connection that can be continued only here. Each counts with its whole history, although
 * they share items, so that `maxBytes` is a bound whichever is forgotten first.
 */
export class LocalResponses {
  private readonly responses = new Map<string, LocalResponse>();
  private readonly sizes = new WeakMap<JsonObject, number>();
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  remember(id: string, { history, asked }: History): void {
    const bytes = history.reduce((sum, item) => sum + this.sizeOf(item), 0);
    this.responses.set(id, { history, asked, bytes });
    this.bytes += bytes;
    for (const oldest of this.responses.keys()) {
      if (this.bytes <= this.maxBytes && this.responses.size <= MAX_RESPONSES) return;
      this.forget(oldest);
    }
  }

  recall(id: string | undefined): History | undefined {
    return id === undefined ? undefined : this.responses.get(id);
  }

  forget(id: string | undefined): void {
    if (id === undefined) return;
    this.bytes -= this.responses.get(id)?.bytes ?? 0;
    this.responses.delete(id);
  }

  private sizeOf(item: JsonObject): number {
    const known = this.sizes.get(item);
    if (known !== undefined) return known;
    const size = Buffer.byteLength(JSON.stringify(item));
    this.sizes.set(item, size);
    return size;
  }
}
