/** The boundary rules of docs/ARCHITECTURE.md. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'No Nest, RxJS, Prisma, clock, randomness or outer room inside a domain folder.',
      severity: 'error',
      from: { path: '^src/[^/]+/domain/' },
      to: {
        pathNot: [
          '^src/[^/]+/domain/',
          '^src/errors/',
          '^src/json\\.ts$',
          '^src/catalog/model\\.ts$',
          '^src/providers/text/text-event\\.ts$',
        ],
      },
    },
    {
      name: 'features-do-not-import-each-other',
      severity: 'error',
      from: { path: '^src/(chat|responses|videos)/' },
      to: { path: '^src/(chat|responses|videos)/', pathNot: '^src/$1/' },
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
      from: { path: '^src/', pathNot: '^src/(main|app\\.module|cli/.*|storage/.*|providers/.*)\\.?' },
      to: { path: ['^src/storage/', '^src/providers/(google|openai|sandbox)/'] },
    },
    {
      name: 'inside-does-not-know-http',
      comment: 'Services, ports and adapters never import the HTTP room.',
      severity: 'error',
      from: { path: '^src/(catalog|errors|generation|payments|providers|shape|tokens)/' },
      to: { path: '^src/(http|chat|responses|videos|admin)/' },
    },
    {
      name: 'storage-implements-ports',
      comment:
        'An adapter knows the ports of a feature and its domain, and neither its routes nor its services.',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: {
        path: '^src/(http|chat|responses|videos|admin)/',
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
