import { StartError } from '../../base/errors/start-error.js';

/** The schema could not be brought up to date. The message says which migration, why, and what to do. */
export class MigrationError extends StartError {
  override readonly name = 'MigrationError';
}
