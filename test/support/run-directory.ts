/** Names the directory of this Jest run: its database and its compiled project live there, and go with it. */
export const RUN_DIRECTORY_VARIABLE = 'SLIPSTREAM_TEST_RUN';

export function runDirectory(): string {
  const directory = process.env[RUN_DIRECTORY_VARIABLE];
  if (directory === undefined) throw new Error('There is no test run: start tests with `npm test`.');
  return directory;
}
