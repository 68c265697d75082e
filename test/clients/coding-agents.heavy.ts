import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundBooks } from '../support/books.js';
import { callsTools, messagesOf, says, toolCall } from '../support/chat-scripts.js';
import {
  GatewayProcess,
  removeDirectory,
  scratchDirectory,
  testEnvironment,
} from '../support/gateway-process.js';
import { fileFor } from '../support/gateway.js';
import {
  startScriptedUpstream,
  type Exchange,
  type Handler,
  type ScriptedUpstream,
} from '../support/scripted-upstream.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { CODING_AGENTS, type CodingAgent, type Place } from './coding-agents.js';
import { CLIENT_TIMEOUT_MS, InstalledClient } from './installed-client.js';

/** A name by which agents know what a model can do. */
const MODEL = 'gpt-5.5';
/** What the log says of a request that came this way. */
const TRACES = {
  chat: '"path":"/external/v1/chat/completions"',
  messages: '"path":"/external/v1/messages"',
  responses: '"path":"/external/v1/responses"',
  websocket: '"context":"ResponseSockets"',
} as const;

let upstream: ScriptedUpstream;
let database: TestDatabase;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
  await upstream.close();
});

describe.each(CODING_AGENTS)('$program, which asks by $wire', (agent) => {
  let directory: string;
  let gateway: GatewayProcess;
  let client: InstalledClient;

  beforeAll(async () => {
    directory = await scratchDirectory();
    client = await InstalledClient.install(agent.client);
    upstream.reset();
    gateway = await GatewayProcess.start({
      directory,
      environment: testEnvironment(database.url, { LOG_LEVEL: 'info' }),
      file: fileFor(upstream.url, {
        model: { id: MODEL, context_window: 200_000, max_output_tokens: 4_000 },
      }),
    });
  }, CLIENT_TIMEOUT_MS);
  afterAll(async () => {
    await GatewayProcess.endAll();
    await expectSoundBooks(database.pool);
    await client.remove();
    await removeDirectory(directory);
  });

  it(
    'runs a tool and shows the answer',
    async () => {
      const { key } = await gateway.client.createKey({ budget_limit: '100000000' });
      const { home } = client;
      const place = { baseUrl: `${gateway.url}/external/v1`, key, model: MODEL, home };
      upstream.always(script(agent, place));
      await writeFile(join(home, 'note.txt'), 'The word is heron.\n');
      for (const [name, text] of Object.entries(agent.files?.(place) ?? {}))
        await writeFile(join(home, name), text);
      if (agent.setUp) await client.run(agent.program, agent.setUp(place));

      const { stdout } = await client.run(
        agent.program,
        agent.words('What does the note say?'),
        agent.environment?.(place),
      );
      expect(stdout).toContain('It says heron.');
      // Small models that name sessions are asked too.
      expect(upstream.requests.filter(showsNote)).toHaveLength(1);
      expect(upstream.requests.every(({ body }) => body['stream'] === true)).toBe(true);
      await gateway.stop();
      expect(gateway.stdout).toContain(TRACES[agent.wire]);
      expect(gateway.stdout).not.toMatch(/"status":[45]/);
    },
    CLIENT_TIMEOUT_MS,
  );
});

/** Calls the tool, and says what came of it; whoever has no tools is told something short. */
function script({ tool }: CodingAgent, place: Place): Handler {
  const { name, arguments: args } = tool(place);
  return (exchange) => {
    if (showsNote(exchange.request)) return says([{ content: 'It says ' }, { content: 'heron.' }])(exchange);
    if (!exchange.request.text.includes(`"name":"${name}"`)) return says([{ content: 'A note' }])(exchange);
    return callsTools(toolCall('call_1', name, JSON.stringify(args)))(exchange);
  };
}

/** Whether the upstream got the output of the tool. */
function showsNote(request: Exchange['request']): boolean {
  const last = messagesOf(request).at(-1);
  return last?.['role'] === 'tool' && JSON.stringify(last['content']).includes('The word is heron.');
}
