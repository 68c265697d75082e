import { isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.js';
import { scopedSignature } from '../../../text/signature.js';
import { REDACTED, SIGNED } from '../signature-kind.js';

/** A frame, or a whole Message, for a client of the same wire: as it came, but for the scope in front of signatures. */
export function passedFrame(frame: JsonObject, scope: string): JsonObject {
  switch (frame['type']) {
    case 'content_block_start':
      return withBlock(frame, 'content_block', scope);
    case 'content_block_delta':
      return withBlock(frame, 'delta', scope);
    case 'message':
      return Array.isArray(frame['content'])
        ? {
            ...frame,
            content: (frame['content'] as readonly JsonValue[]).map((block) => signed(block, scope)),
          }
        : frame;
    default:
      return frame;
  }
}

function withBlock(frame: JsonObject, field: string, scope: string): JsonObject {
  const before = frame[field];
  const after = signed(before ?? null, scope);
  return after === before ? frame : { ...frame, [field]: after };
}

function signed(block: JsonValue, scope: string): JsonValue {
  if (!isJsonObject(block)) return block;
  const { signature, data, type } = block;
  if (type === 'redacted_thinking' && typeof data === 'string')
    return { ...block, data: scopedSignature(scope, REDACTED + data) };
  if (typeof signature !== 'string' || signature === '') return block;
  return { ...block, signature: scopedSignature(scope, SIGNED + signature) };
}
