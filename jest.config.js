import { readFileSync } from 'node:fs';

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** Packages that Node loads for all test files of a worker: those of the gateway, and what is large in tests. */
const shared = [
  ...Object.keys(dependencies),
  ...[
    '@ai-sdk',
    '@google/genai',
    '@langchain',
    '@openai/agents',
    'ai',
    'express',
    'fast-check',
    'openai',
    'supertest',
    'zod',
  ],
];
/** Helpers of tests that compare what they are given with what they make: both have to be Node's. */
const checkers = 'response-event-checker|response-event-schemas|shell-commands';
const handOn = '<rootDir>/test/support/modules/hand-on.js';

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    [`/(src/.+|test/support/(${checkers}))\\.ts$`]: handOn,
    [`/node_modules/(${shared.join('|')})/.+\\.[cm]?js$`]: handOn,
    '\\.ts$': '@swc/jest',
  },
  transformIgnorePatterns: [],
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/test/support/modules/each-file.js'],
  // Ends a test that hangs. Nothing is said about speed: machines may be busy.
  testTimeout: 120_000,
  maxWorkers: 2,
  // Each file leaves its modules in memory. Towards the limit of the heap collections run all the time, and count as CPU.
  workerIdleMemoryLimit: '1GB',
};
