import type { LoadedConfig } from '../config/config.js';

interface Start {
  readonly config: LoadedConfig;
  /** The address where the server really listens. */
  readonly address: string;
  readonly databaseUrl: string;
  /** Set only on the start that created it. */
  readonly firstKey: string | undefined;
}

/** The text on the terminal when the gateway is up. Plain text, never sent through the logger. */
export function welcome({ config, address, databaseUrl, firstKey }: Start): string {
  const base = config.listen.port === 0 ? address : config.listen.publicUrl;
  const key = firstKey ?? '$COMPOSE_KEY';
  const model = config.catalog.models.has('sandbox/assistant')
    ? 'sandbox/assistant'
    : ([...config.catalog.models.keys()][0] ?? 'MODEL');
  const lines = [
    '',
    `Slipstream is listening on ${base}`,
    `  external  ${base}/external/v1   SDKs, IDEs, agents: always this one`,
    `  native    ${base}/v1            the same with receipts, for clients that read them`,
    ...(config.database.url ? [] : [`  database  psql "${databaseUrl}"`]),
    ...(config.adminTokenFile ? [`  admin     token in ${config.adminTokenFile}`] : []),
    '',
    ...(firstKey ? firstKeyLines(firstKey) : laterLines(base, config)),
    '',
    'A stream with its receipt:',
    curl(`${base}/v1`, key, { model, stream: true, messages: HELLO }),
    '',
    'The same call for any OpenAI client:',
    curl(`${base}/external/v1`, key, { model, messages: HELLO }),
    '',
    '',
  ];
  return lines.join('\n');
}

const HELLO = [{ role: 'user', content: 'Hello!' }];

function firstKeyLines(firstKey: string): string[] {
  return [`Your first key, shown only now (budget 10 USDC):`, `  ${firstKey}`];
}

function laterLines(base: string, config: LoadedConfig): string[] {
  const token = config.adminTokenFile ? `$(cat '${config.adminTokenFile}')` : '$ADMIN_TOKEN';
  return [
    'With your key in COMPOSE_KEY the lines below can be pasted. A new key:',
    `  curl ${base}/admin/keys -H "Authorization: Bearer ${token}" -d '{"account":"default","budget_limit":"10000000"}'`,
  ];
}

function curl(base: string, key: string, body: object): string {
  return `  curl -N ${base}/chat/completions -H "Authorization: Bearer ${key}" -d '${JSON.stringify(body)}'`;
}
