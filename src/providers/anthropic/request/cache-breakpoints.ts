import type { CacheControlEphemeral, TextBlockParam } from '@anthropic-ai/sdk/resources/messages';
import type { Block, Turn, WireTool } from '../messages-wire.js';
import { isThinking } from './thinking-blocks.js';

/** The service takes no more. */
const MAX_BREAKPOINTS = 4;

const EPHEMERAL: CacheControlEphemeral = { type: 'ephemeral' };

/** Where breakpoints may stand, in the order in which the model reads. */
export interface Prefix {
  readonly tools: WireTool[];
  readonly system: TextBlockParam[];
  readonly turns: readonly Turn[];
}

interface Place {
  readonly list: { cache_control?: CacheControlEphemeral | null | undefined }[];
  readonly index: number;
}

export type BreakpointMode = 'auto' | 'off' | 'none';

/**
 * Sets the breakpoints of the prompt cache. A client's own stay, the last four of them. Without any, they stand where
 * the next call of the conversation will look: behind the tools, the system prompt, and the last two turns of the user.
 *
 * @param mode `off`: none of our own; `none`: none at all
 */
export function setBreakpoints(prefix: Prefix, mode: BreakpointMode): void {
  const own = placesWithOwn(prefix);
  for (const place of mode === 'none' ? own : own.slice(0, -MAX_BREAKPOINTS)) unset(place);
  if (own.length > 0 || mode !== 'auto') return;
  const { tools, system, turns } = prefix;
  for (const list of [tools, system, ...usersLastTwo(turns)]) set(list);
}

function usersLastTwo(turns: readonly Turn[]): readonly Block[][] {
  const users = turns.filter(({ role }) => role === 'user');
  return users.slice(-2).map(({ content }) => content);
}

function set(list: (WireTool | Block)[]): void {
  const last = list.at(-1);
  if (last && !isThinking(last as Block))
    list[list.length - 1] = { ...last, cache_control: EPHEMERAL } as WireTool;
}

function unset({ list, index }: Place): void {
  const { cache_control: _none, ...rest } = list[index] ?? {};
  list[index] = rest;
}

function placesWithOwn({ tools, system, turns }: Prefix): readonly Place[] {
  const places: Place[] = [];
  const add = (list: Place['list']): void => {
    list.forEach((entry, index) => {
      if ('content' in entry && Array.isArray(entry.content)) add(entry.content as Place['list']);
      if (entry.cache_control) places.push({ list, index });
    });
  };
  add(tools);
  add(system);
  for (const { content } of turns) add(content as Place['list']);
  return places;
}
