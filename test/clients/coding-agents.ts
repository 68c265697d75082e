import type { JsonObject } from '../../src/base/json.js';
import type { ClientName } from './client-packages.js';

/** What an agent needs to know of the gateway. */
export interface Place {
  /** With `/external/v1`. */
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
  /** Where the agent works, with the file `note.txt`. */
  readonly home: string;
}

/** How a coding agent is set up by its documentation to use another provider, and told to do one thing. */
export interface CodingAgent {
  readonly client: ClientName;
  readonly program: string;
  /** The way in which it asks. */
  readonly wire: 'chat' | 'messages' | 'responses' | 'websocket';
  /** By name, below its home. */
  readonly files?: (place: Place) => Readonly<Record<string, string>>;
  readonly environment?: (place: Place) => Readonly<Record<string, string>>;
  /** Runs before the prompt, where files do not do. */
  readonly setUp?: (place: Place) => readonly string[];
  readonly words: (prompt: string) => readonly string[];
  /** The call of one of its own tools that shows it the note. */
  readonly tool: (place: Place) => { readonly name: string; readonly arguments: JsonObject };
}

const shell = () => ({ name: 'bash', arguments: { command: 'cat note.txt', description: 'Read the note' } });

const copilot = (wire: CodingAgent['wire']): CodingAgent => ({
  client: 'copilot',
  program: 'copilot',
  wire,
  environment: ({ baseUrl, key, model }) => ({
    COPILOT_OFFLINE: 'true',
    COPILOT_MODEL: model,
    COPILOT_PROVIDER_BASE_URL: baseUrl,
    COPILOT_PROVIDER_API_KEY: key,
    COPILOT_PROVIDER_WIRE_API: wire === 'chat' ? 'completions' : 'responses',
    COPILOT_PROVIDER_TRANSPORT: wire === 'websocket' ? 'websockets' : 'http',
  }),
  words: (prompt) => ['--prompt', prompt, '--allow-all-tools', '--silent', '--disable-client-telemetry'],
  tool: shell,
});

const opencode = (wire: CodingAgent['wire']): CodingAgent => ({
  client: 'opencode',
  program: 'opencode',
  wire,
  files: ({ baseUrl, key, model }) => ({
    'opencode.json': JSON.stringify({
      $schema: 'https://opencode.ai/config.json',
      model: `slipstream/${model}`,
      small_model: `slipstream/${model}`,
      autoupdate: false,
      share: 'disabled',
      provider: {
        slipstream: {
          npm: wire === 'chat' ? '@ai-sdk/openai-compatible' : '@ai-sdk/openai',
          options: { baseURL: baseUrl, apiKey: key },
          models: { [model]: { limit: { context: 200_000, output: 4_000 } } },
        },
      },
    }),
  }),
  words: (prompt) => ['run', prompt],
  tool: shell,
});

const qwen = (wire: CodingAgent['wire']): CodingAgent => ({
  client: 'qwen',
  program: 'qwen',
  wire,
  environment: ({ baseUrl, key, model }) => ({
    OPENAI_BASE_URL: baseUrl,
    OPENAI_API_KEY: key,
    OPENAI_MODEL: model,
  }),
  words: (prompt) => [prompt, '--yolo', '--auth-type', wire === 'chat' ? 'openai' : 'openai-responses'],
  tool: ({ home }) => ({ name: 'read_file', arguments: { file_path: `${home}/note.txt` } }),
});

const claude: CodingAgent = {
  client: 'claude',
  program: 'claude',
  wire: 'messages',
  environment: ({ baseUrl, key }) => ({
    ANTHROPIC_BASE_URL: baseUrl.replace(/\/v1$/, ''),
    ANTHROPIC_AUTH_TOKEN: key,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    IS_SANDBOX: '1',
  }),
  words: (prompt) => ['-p', prompt, '--model', 'gpt-5.5', '--dangerously-skip-permissions'],
  tool: ({ home }) => ({ name: 'Read', arguments: { file_path: `${home}/note.txt` } }),
};

const cline: CodingAgent = {
  client: 'cline',
  program: 'cline',
  wire: 'chat',
  setUp: ({ baseUrl, key, model }) => [
    ...['auth', 'openai', '--apikey', key],
    ...['--baseurl', baseUrl, '--modelid', model],
  ],
  words: (prompt) => [prompt, '--json'],
  tool: () => ({ name: 'run_commands', arguments: { commands: ['cat note.txt'] } }),
};

const continueCli: CodingAgent = {
  client: 'continue',
  program: 'cn',
  // Its own choice for a model of this name.
  wire: 'responses',
  files: ({ baseUrl, key, model }) => ({
    // JSON is YAML.
    'config.yaml': JSON.stringify({
      name: 'Slipstream',
      version: '1.0.0',
      schema: 'v1',
      models: [
        { name: 'slipstream', provider: 'openai', model, apiKey: key, apiBase: baseUrl, roles: ['chat'] },
      ],
    }),
  }),
  environment: () => ({ CONTINUE_TELEMETRY_ENABLED: '0' }),
  words: (prompt) => ['--config', 'config.yaml', '--auto', '--print', prompt],
  tool: () => ({ name: 'Read', arguments: { filepath: 'note.txt' } }),
};

export const CODING_AGENTS: readonly CodingAgent[] = [
  claude,
  cline,
  continueCli,
  copilot('chat'),
  copilot('responses'),
  copilot('websocket'),
  opencode('chat'),
  opencode('responses'),
  qwen('chat'),
  qwen('responses'),
];
