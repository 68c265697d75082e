import type { JsonObject, JsonValue } from '../../base/json.js';
import type { SteerFailure } from './steer-failures.js';

interface Submission {
  readonly id: string;
  readonly previousId: string;
}

export function acceptedMessage(number: number, steer: Submission): JsonObject {
  return { type: 'response.steer.accepted', sequence_number: number, steer: shown(steer) };
}

/** @param required items without their results, see `requiredInput` */
export function pendingMessage(
  number: number,
  steer: Submission,
  required: readonly JsonObject[],
): JsonObject {
  return {
    type: 'response.steer.pending',
    sequence_number: number,
    steer: shown(steer),
    reason: 'waiting_for_required_input',
    required_input: required,
  };
}

/** Gives the input back as it was sent. A submission that was refused at once has no id. */
export function failedMessage(
  number: number,
  steer: { readonly id?: string; readonly previousId: string; readonly input: JsonValue },
  { code, message }: SteerFailure,
): JsonObject {
  return {
    type: 'response.steer.failed',
    sequence_number: number,
    steer: { ...shown(steer), input: steer.input },
    error: { type: 'invalid_request_error', code, message },
  };
}

function shown({ id, previousId }: { readonly id?: string; readonly previousId: string }): JsonObject {
  return { ...(id === undefined ? {} : { id }), previous_response_id: previousId };
}
