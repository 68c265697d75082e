import { StartError } from '../../base/errors/start-error.js';

/** The database could not be started. The message is for the operator: what is wrong and, where known, what to do. */
export class DatabaseStartError extends StartError {
  override readonly name = 'DatabaseStartError';
}
