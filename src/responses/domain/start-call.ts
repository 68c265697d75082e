import {
  type CallBuilder,
  type CallHead,
  CustomCallBuilder,
  FunctionCallBuilder,
  WrappedCustomCallBuilder,
} from './call-builders.js';
import type { Emit, ItemPlace } from './emit.js';
import type { ToolIdentity } from './tool-identity.js';

export interface StartedCall {
  readonly id: string;
  /** The tool's name on the chat wire. */
  readonly name: string;
  readonly kind: 'function' | 'custom';
}

/** How a call is shown: custom when the upstream or the client says so. */
export function shownAs(call: StartedCall, identity: ToolIdentity | undefined): ToolIdentity['type'] {
  return call.kind === 'custom' ? 'custom' : (identity?.type ?? 'function');
}

export function startCall(
  call: StartedCall,
  identity: ToolIdentity | undefined,
  place: ItemPlace,
  emit: Emit,
): CallBuilder {
  const head: CallHead = {
    call_id: call.id,
    name: identity?.name ?? call.name,
    ...(identity?.type === 'function' &&
      identity.namespace !== undefined && { namespace: identity.namespace }),
  };
  if (shownAs(call, identity) === 'function') return new FunctionCallBuilder(place, head, emit);
  const custom = new CustomCallBuilder(place, head, emit);
  return call.kind === 'custom' ? custom : new WrappedCustomCallBuilder(custom);
}
