import type { TextEvent } from '../text/text-event.js';
import { newToolUseId } from '../text/tool-use-id.js';

/**
 * Calls with ids of our own. Upstreams repeat theirs between turns (`call_0`), which sends Claude Code into an endless
 * loop of paid calls. The same id goes back up. Ids of an upstream of the same wire stay as they are.
 *
 * @returns a function for the events of one call
 */
export function ownCallIds(): (event: TextEvent) => TextEvent {
  let isSameWire = false;
  return (event) => {
    isSameWire ||= event.type === 'frame';
    if (event.type !== 'tool_call_start' || isSameWire) return event;
    return { ...event, id: newToolUseId() };
  };
}
