import { StartError } from './start-error.js';

/** The configuration is invalid. Lists every problem, each with its variable or its path in the file. */
export class ConfigurationError extends StartError {
  constructor(readonly problems: readonly string[]) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super([`The configuration has ${count}:`, ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'ConfigurationError';
  }
}
