import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestGateway } from '../support/gateway.js';
import { Codex, TIMEOUT_MS } from './codex.js';
import { SANDBOX_AS_GPT } from './sandbox-as-gpt.js';

/** Codex lists a command among its items only if the command outlives its start; what it told the model is always there. */
const A_COMMAND_RAN = expect.stringMatching(
  /^The tools answered: [^]*Process exited with code \d/,
) as unknown;

let gateway: TestGateway;
let directory: string;
let codex: Codex;
let upgrades = 0;

beforeAll(async () => {
  gateway = await TestGateway.start({ file: SANDBOX_AS_GPT });
  const { key } = await gateway.createKey({ budget_limit: '100000000' });
  directory = await mkdtemp(join(tmpdir(), 'slipstream-codex-'));
  codex = new Codex(directory, { SLIPSTREAM_KEY: key });
  gateway.server.prependListener('upgrade', () => (upgrades += 1));
});
afterAll(async () => {
  await gateway.close();
  await rm(directory, { recursive: true, force: true });
});

describe.each([
  ['HTTP', false],
  ['a WebSocket', true],
])('the Codex CLI over %s', (_name, socket) => {
  beforeAll(async () => {
    upgrades = 0;
    await codex.configure(configFor(`${gateway.url}/external/v1`, socket));
  });
  afterAll(() => expect(upgrades > 0).toBe(socket));

  it(
    'runs a command, answers, and takes the session up again',
    async () => {
      const first = await codex.run('Say hello');
      expect(first.at(-1)).toMatchObject({ type: 'agent_message', text: A_COMMAND_RAN });
      const second = await codex.run('resume', '--last', 'And again');
      expect(second.at(-1)).toMatchObject({ type: 'agent_message', text: A_COMMAND_RAN });
    },
    TIMEOUT_MS,
  );

  it(
    'answers by a schema',
    async () => {
      const file = join(directory, 'schema.json');
      const schema = {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      };
      await writeFile(file, JSON.stringify(schema));
      const items = await codex.run('--output-schema', file, 'Weather?');
      expect(items.at(-1)?.text).toBe('{"city":"sandbox"}');
    },
    TIMEOUT_MS,
  );
});

function configFor(baseUrl: string, socket: boolean): string {
  return `
model = "gpt-5.5"
model_provider = "slipstream"
sandbox_mode = "read-only"
[model_providers.slipstream]
name = "Slipstream"
base_url = "${baseUrl}"
env_key = "SLIPSTREAM_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
supports_websockets = ${socket}
`;
}
