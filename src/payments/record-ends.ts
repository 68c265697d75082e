import { Logger } from '@nestjs/common';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { CallRecord, Ending, RecordEnd } from './call-record.js';
import type { Measurement } from '../base/money/meter.js';

const logger = new Logger('CallRecord');

/** What is stored with the end of a call's hold. */
export interface StoredEnd {
  readonly record: RecordEnd | undefined;
  /** Whether the answer of a call that runs once may be kept as well. */
  readonly keepsAnswer: boolean;
}

/**
 * The ends of a record, to be tried in turn until one can be written: the whole end, the failure alone, nothing. So
 * the content of a record never decides whether the hold ends. `onLost` is called once, before the second end.
 */
export function* recordEnds(
  record: CallRecord | undefined,
  ending: Ending,
  measurement: Measurement | undefined,
  onLost: (error: GatewayError) => void = () => undefined,
): Generator<StoredEnd, undefined> {
  const whole = built(record, ending, measurement);
  if (whole) yield whole;
  const error =
    ending.status === 'failed'
      ? ending.error
      : new GatewayError('server_error', 'The answer could not be stored.');
  onLost(error);
  yield { record: record?.endWithout(error), keepsAnswer: true };
  // The record is left to the sweep of records without a hold.
  yield { record: undefined, keepsAnswer: false };
}

function built(
  record: CallRecord | undefined,
  ending: Ending,
  measurement: Measurement | undefined,
): StoredEnd | undefined {
  try {
    return { record: record?.end(ending, measurement), keepsAnswer: true };
  } catch (failure) {
    logger.error({ msg: 'the record of a call could not be made', err: failure });
    return undefined;
  }
}
