// @ts-check
/** Gateway files for the benchmark's gateways. */

/** Longer than any call of a benchmark. */
const TIMEOUT_MS = 7_200_000;
const PRICING = { input: 1, output: 2 };

/** @param {string} id @param {readonly string[]} providers @param {number} [contextWindow] */
const model = (id, providers, contextWindow = 128_000) => ({
  id,
  targets: providers.map((provider) => ({ provider, model: id.split('-')[0] })),
  context_window: contextWindow,
  max_output_tokens: 8192,
  pricing: PRICING,
});

/**
 * YAML is a superset of JSON.
 * @param {object} content
 */
const file = (content) => `${JSON.stringify(content, null, 1)}\n`;

/** @param {string} upstream its origin */
const provider = (upstream) => ({
  id: 'bench',
  type: 'openai',
  base_url: `${upstream}/v1`,
  api_key: 'bench',
  max_connections: 256,
});

/**
 * Only what builds of long ago know as well.
 * @param {string} upstream its origin
 * @param {object} [payments] the section of that name
 */
export const plainCatalog = (upstream, payments) =>
  file({
    providers: [provider(upstream)],
    models: [
      ...['instant', 'tokens', 'paced', 'silent'].map((id) => model(id, ['bench'])),
      model('long', ['bench'], 16_000_000),
    ],
    ...(payments && { payments }),
  });

/**
 * The same upstream in the words of each dialect: models are named for what they do and the dialect.
 * @param {string} upstream its origin
 */
export const dialectsCatalog = (upstream) => {
  const dialect = (/** @type {object} */ own) => ({ ...provider(upstream), ...own });
  const providers = [
    dialect({ id: 'chat' }),
    dialect({ id: 'responses', wires: ['responses'] }),
    dialect({ id: 'anthropic', type: 'anthropic', base_url: upstream }),
    dialect({ id: 'google', type: 'google', base_url: upstream }),
  ];
  return file({
    providers,
    models: providers.flatMap(({ id }) =>
      ['instant', 'tokens', 'paced'].map((does) => model(`${does}-${id}`, [id])),
    ),
  });
};

/**
 * Many connections: each address has only so many ports, so there is a provider and a model for each.
 * @param {readonly string[]} upstreams their origins
 * @param {number} connections to each
 */
export const openStreamsCatalog = (upstreams, connections) =>
  file({
    providers: upstreams.map((upstream, index) => ({
      ...provider(upstream),
      id: `bench${index}`,
      max_connections: connections,
      timeout_ms: TIMEOUT_MS,
    })),
    models: upstreams.flatMap((_, index) =>
      ['open', 'flood'].map((does) => model(`${does}-${index}`, [`bench${index}`])),
    ),
  });
