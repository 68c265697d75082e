/**
 * Nobody imports a room that stands above its own, so no two know each other both ways.
 *
 * @param {readonly string[]} order the rooms, those that know most first
 */
const oneWay = (order) =>
  order.slice(1).map((room, index) => ({
    name: 'arrows-go-one-way',
    severity: 'error',
    from: { path: `^src/${room}(/|$)` },
    to: { path: `^src/(${order.slice(0, index + 1).join('|')})(/|$)` },
  }));

/** The folder of an upstream dialect: those of providers that are not about something that dialects share. */
const DIALECT = '^src/providers/(?!(calls|discovery|embedding|http|image|text|video)/)[^/]+/';

/** The boundary rules of docs/ARCHITECTURE.md. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...oneWay(require('./scripts/house/order.json')),
    {
      name: 'domain-is-pure',
      comment: 'No Nest, RxJS, Prisma, clock, randomness or outer room inside a domain folder, or in money.',
      severity: 'error',
      from: { path: '^src/([^/]+/domain|base/money)/' },
      to: {
        pathNot: [
          '^src/[^/]+/domain/',
          '^src/base/money/',
          '^src/base/(errors/|json(-fields)?\\.ts$)',
          '^src/catalog/model\\.ts$',
          '^src/text/(prompt|signature|text-event|unwrap-input)\\.ts$',
        ],
      },
    },
    {
      name: 'features-do-not-import-each-other',
      severity: 'error',
      from: { path: '^src/(chat|messages|responses|embeddings|videos)/' },
      to: { path: '^src/(chat|messages|responses|embeddings|videos)/', pathNot: '^src/$1/' },
    },
    {
      name: 'only-storage-knows-the-database',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/storage/' },
      to: { path: ['^src/storage/generated/', 'node_modules/(@prisma|pg)/'] },
    },
    {
      name: 'only-the-composition-root-names-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|app/.*|storage/.*)' },
      to: { path: '^src/storage/' },
    },
    {
      name: 'only-the-registry-names-dialects',
      comment: 'A dialect may stand on another one.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/providers/dialects\\.ts$', DIALECT] },
      to: { path: DIALECT },
    },
    {
      name: 'only-the-chains-know-their-libraries',
      comment:
        'The rest of the gateway names ports. Pure functions, such as the checksum of an address, are free.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/payments/x402/evm/' },
      to: { path: 'node_modules/(viem|@x402/evm)/', pathNot: 'node_modules/viem/_(esm|cjs|types)/utils/' },
    },
    {
      name: 'only-the-chains-know-their-libraries',
      comment:
        'A gateway whose clients pay with keys loads none of the libraries of chains. Each command is loaded on demand.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(payments/x402/evm|app/cli)/' },
      to: { path: '^src/payments/x402/evm/', pathNot: '/evm-chains\\.ts$' },
    },
    {
      name: 'only-the-chains-know-their-libraries',
      severity: 'error',
      from: { path: '^src/payments/x402/evm/evm-chains\\.ts$' },
      to: { path: '^src/payments/x402/evm/', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    {
      name: 'no-hooks-decide-about-payments',
      comment:
        "The protocol library's servers swallow what a hook throws and serve the request. We take its codecs and client.",
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/@x402/core/dist/[^/]+/(server|facilitator)/' },
    },
    {
      name: 'storage-implements-ports',
      comment:
        'An adapter knows the ports of a feature and its domain, and neither its routes nor its services.',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: {
        path: '^src/(http|chat|messages|responses|embeddings|videos|admin|lookups)/',
        pathNot: ['^src/[^/]+/domain/', '-store\\.ts$'],
      },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^src/storage/generated/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
