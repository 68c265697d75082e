import { newId } from '../base/ids.js';
import type { TextEvent } from '../text/text-event.js';

const DIGITS = 24;

/**
 * Calls with ids of our own. Upstreams repeat theirs between turns (`call_0`), which sends Claude Code into an endless
 * loop of paid calls. The same id goes back up.
 */
export function withOwnCallId(event: TextEvent): TextEvent {
  return event.type === 'tool_call_start' ? { ...event, id: `toolu_${newId('call').slice(-DIGITS)}` } : event;
}
