import {
  type CallBuilder,
  type CallHead,
  CustomCallBuilder,
  FunctionCallBuilder,
  WrappedCustomCallBuilder,
} from './call-builders.js';
import { ClientCallBuilder } from './client-call-builder.js';
import { CLIENT_TOOLS, isClientToolType } from './client-tools.js';
import type { Emit, ItemPlace } from './emit.js';
import type { OutputItemPrefix } from './item.js';
import type { ToolIdentity, ToolType } from './tool-identity.js';

export interface StartedCall {
  readonly id: string;
  /** The tool's name on the chat wire. */
  readonly name: string;
  readonly kind: 'function' | 'custom';
}

/** How a call is shown: custom when the upstream or the client says so. */
export function shownAs(call: StartedCall, identity: ToolIdentity | undefined): ToolType {
  return call.kind === 'custom' ? 'custom' : (identity?.type ?? 'function');
}

export function prefixOf(type: ToolType): OutputItemPrefix {
  if (type === 'function') return 'fc';
  return type === 'custom' ? 'ctc' : CLIENT_TOOLS[type].prefix;
}

export function startCall(
  call: StartedCall,
  identity: ToolIdentity | undefined,
  place: ItemPlace,
  emit: Emit,
): CallBuilder {
  const type = shownAs(call, identity);
  if (isClientToolType(type)) return new ClientCallBuilder(place, call.id, type, emit);
  const head: CallHead = {
    call_id: call.id,
    name: identity?.name ?? call.name,
    ...(identity?.namespace !== undefined && { namespace: identity.namespace }),
  };
  if (type === 'function') return new FunctionCallBuilder(place, head, emit);
  const custom = new CustomCallBuilder(place, head, emit);
  return call.kind === 'custom' ? custom : new WrappedCustomCallBuilder(custom);
}
