import type { JsonObject } from '../../base/json.js';
import { textIn } from '../../base/json-fields.js';
import type { ItemStatus, UpstreamItem } from './item.js';

/** An item of a tool that runs at the upstream. It is shown as it comes, with an id of ours. */
export class UpstreamItemBuilder {
  private isWhole = false;

  constructor(
    private readonly id: string,
    private item: JsonObject,
  ) {}

  finish(item: JsonObject): void {
    this.item = item;
    this.isWhole = true;
  }

  now(status: ItemStatus): UpstreamItem {
    const own = this.isWhole ? textIn(this.item['status']) : undefined;
    return { ...this.item, id: this.id, status: own ?? status } as unknown as UpstreamItem;
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
