import type { JsonObject, JsonValue } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';
import type { ItemStatus, UpstreamItem } from './item.js';

/** An item of a tool that runs at the upstream. It is shown as it comes, with an id of ours. */
export class UpstreamItemBuilder {
  private isWhole = false;
  /** It stays, whatever the end says: an item does not turn into another. */
  private readonly type: JsonValue | undefined;

  constructor(
    private readonly id: string,
    private item: JsonObject,
  ) {
    this.type = item['type'];
  }

  /** Whether it is of the kind that has stages. */
  get isSearch(): boolean {
    return this.type === 'web_search_call';
  }

  finish(item: JsonObject): void {
    this.item = item;
    this.isWhole = true;
  }

  now(status: ItemStatus): UpstreamItem {
    const own = this.isWhole ? textIn(this.item['status']) : undefined;
    const shown = own === undefined || own === 'in_progress' ? status : own;
    return { ...this.item, type: this.type, id: this.id, status: shown } as unknown as UpstreamItem;
  }

  close(status: ItemStatus): UpstreamItem {
    return this.now(status);
  }
}

/** An item of the output that no builder of ours makes, but an upstream. */
export function isUpstreamItem(item: { readonly type: string }): item is UpstreamItem {
  return !OURS.has(item.type);
}

const OURS: ReadonlySet<string> = new Set([
  ...['message', 'reasoning', 'function_call', 'custom_tool_call', 'compaction'],
  ...['tool_search_call', 'local_shell_call', 'shell_call', 'apply_patch_call', 'computer_call'],
]);
