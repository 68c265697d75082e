import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.js';
import { callsTools, messagesOf, toolCall } from '../support/chat-scripts.js';
import { fileFor, TestGateway } from '../support/gateway.js';
import {
  completion,
  type Handler,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { Codex, TIMEOUT_MS } from './codex.js';

const MCP_SERVER = fileURLToPath(new URL('tiny-mcp-server.js', import.meta.url));
const PATCH = '*** Begin Patch\n*** Add File: made.txt\n+by a patch\n*** End Patch';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let directory: string;
let codex: Codex;

/** Codex as it comes, with a model name that it knows and nothing but another base URL. */
beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const target = (id: string): JsonObject => ({
    id,
    targets: [{ provider: 'upstream', model: id }],
    context_window: 200_000,
    max_output_tokens: 10_000,
    pricing: { input: 1, output: 2 },
  });
  const file = { ...fileFor(upstream.url), models: [target('gpt-5.5'), target('gpt-5.6-sol')] };
  gateway = await TestGateway.start({ file });
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(async () => {
  upstream.reset();
  directory = await mkdtemp(join(tmpdir(), 'slipstream-codex-'));
  const { key } = await gateway.createKey({ budget_limit: '100000000' });
  codex = new Codex(directory, { OPENAI_API_KEY: key, CODEX_API_KEY: key });
  await codex.configure(`
openai_base_url = "${gateway.url}/external/v1"
sandbox_mode = "danger-full-access"
approval_policy = "never"
[mcp_servers.tiny]
command = "${process.execPath}"
args = ["${MCP_SERVER}"]
required = true
`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

let calls = 0;
/** The model calls the offered tool whose name ends so. */
function calling(end: string, args: JsonObject): Handler {
  return (exchange) => {
    const name = offeredIn(exchange.request).find((one) => one.endsWith(end));
    if (name === undefined) throw new Error(`no ${end} among ${offeredIn(exchange.request).join(', ')}`);
    return callsTools(toolCall(`call_${(calls += 1)}`, name, JSON.stringify(args)))(exchange);
  };
}

function offeredIn({ body }: { readonly body: JsonObject }): readonly string[] {
  return ((body['tools'] ?? []) as { function: { name: string } }[]).map((tool) => tool.function.name);
}

/** What the model was told by its last request as outputs of tools. */
function told(): string {
  const outputs = messagesOf(upstream.requests.at(-1)!).filter(({ role }) => role === 'tool');
  return outputs.map(({ content }) => JSON.stringify(content)).join('\n');
}

describe('a session of the Codex CLI', () => {
  it(
    'runs commands, finds and calls the tool of an MCP server, patches a file, and is taken up again',
    async () => {
      upstream
        .next(calling('exec_command', { cmd: 'echo from the shell' }))
        .next(calling('tool_search', { query: 'lookup a value' }))
        .next(calling('lookup', { key: 'colour' }))
        .next(calling('apply_patch', { patch: PATCH }))
        .next(completion('All done.'));
      const first = await codex.run('-m', 'gpt-5.5', 'Do it all');
      expect(first.at(-1)?.text).toBe('All done.');
      // A command that ends as it starts is no item, so what the model was told below proves that it ran.
      expect(first.map(({ type }) => type)).toEqual(expect.arrayContaining(['mcp_tool_call', 'file_change']));
      expect(offeredIn(upstream.requests[0]!).some((name) => name.endsWith('lookup'))).toBe(false);
      expect(await readFile(join(directory, 'made.txt'), 'utf8')).toBe('by a patch\n');
      expect(told()).toContain('from the shell');
      expect(told()).toContain('the value of colour');

      upstream.reset();
      upstream.next(calling('lookup', { key: 'shape' })).next(completion('Still here.'));
      const second = await codex.run('resume', '--last', '-m', 'gpt-5.5', 'And again');
      expect(second.at(-1)?.text).toBe('Still here.');
      expect(told()).toContain('the value of shape');
    },
    TIMEOUT_MS,
  );

  it(
    'runs the code of a model that calls its tools by code',
    async () => {
      const code =
        'const run = await tools.exec_command({ cmd: "echo from the shell" }); text(run.output);' +
        'const found = await tools.mcp__tiny__lookup({ key: "colour" }); text(JSON.stringify(found));';
      upstream.next(calling('exec', { input: code })).next(completion('All done.'));
      const items = await codex.run('-m', 'gpt-5.6-sol', 'Do it all');
      expect(items.at(-1)?.text).toBe('All done.');
      expect(told()).toContain('from the shell');
      expect(told()).toContain('the value of colour');
    },
    TIMEOUT_MS,
  );
});
