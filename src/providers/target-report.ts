import { Injectable } from '@nestjs/common';
import { Siblings } from '../base/work/siblings.js';
import { TargetHealth, type TargetState } from './target-health.js';

const BAD_FIRST: readonly TargetState['state'][] = ['set_aside', 'probing', 'available'];

/** Which targets and keys fail at the moment, for operators: the worst of what the processes that serve this port know. */
@Injectable()
export class TargetReport {
  constructor(
    private readonly health: TargetHealth,
    private readonly siblings: Siblings,
  ) {
    siblings.answerWith('targets', () => health.snapshot());
  }

  /** Of this process alone, when the others cannot be asked. */
  async all(): Promise<readonly TargetState[]> {
    const answers = await this.siblings.ask('targets').catch(() => [this.health.snapshot()]);
    return mergeTargetStates((answers as readonly TargetState[][]).flat());
  }
}

/** One state for each target and key. */
export function mergeTargetStates(states: readonly TargetState[]): readonly TargetState[] {
  const merged = new Map<string, TargetState>();
  for (const state of states) {
    const id = JSON.stringify([state.provider, state.upstreamModel, state.keyNumber]);
    const known = merged.get(id);
    merged.set(id, known ? worse(known, state) : state);
  }
  return [...merged.values()];
}

function worse(one: TargetState, other: TargetState): TargetState {
  const until = [one.untilMs, other.untilMs].filter((time) => time !== undefined);
  return {
    ...one,
    state: BAD_FIRST.find((state) => [one.state, other.state].includes(state)) ?? one.state,
    failuresInARow: Math.max(one.failuresInARow, other.failuresInARow),
    untilMs: until.length > 0 ? Math.max(...until) : undefined,
  };
}
