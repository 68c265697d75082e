/**
 * What client tests install when they run: the newest versions at the time of writing. They stay out of package.json,
 * because they are large and most of them want a newer Node than the gateway does.
 */
export const CLIENT_PACKAGES = {
  agents: ['@openai/agents@0.20.0', 'openai@7.59.0', 'zod@4.6.7'],
  anthropic: [
    '@anthropic-ai/sdk@1.14.0',
    '@ai-sdk/anthropic@4.0.105',
    'ai@7.0.173',
    '@langchain/core@1.4.0',
    '@langchain/anthropic@1.5.11',
    'zod@4.6.7',
  ],
  claude: ['@anthropic-ai/claude-code@2.1.332'],
  cline: ['cline@3.0.65'],
  codex: ['@openai/codex@0.171.0'],
  continue: ['@continuedev/cli@1.5.47'],
  copilot: ['@github/copilot@1.0.102'],
  langchain: ['@langchain/core@1.4.0', '@langchain/openai@1.6.0', 'zod@4.6.7'],
  openai: ['openai@7.59.0'],
  opencode: ['opencode-ai@1.18.33'],
  qwen: ['@qwen-code/qwen-code@0.24.4'],
  vercel: ['@ai-sdk/openai@4.0.118', 'ai@7.0.173', 'zod@4.6.7'],
} as const;

/** Scripts of packages that npm runs only when it is asked to, and without which they do not work. */
export const SET_UP_SCRIPTS: Partial<Record<ClientName, string>> = {
  claude: 'node_modules/@anthropic-ai/claude-code/install.cjs',
};

export type ClientName = keyof typeof CLIENT_PACKAGES;

/** By their majors. npm has each as a package of its platform. */
export const NODE_VERSIONS = { 22: '22.23.5', 24: '24.22.3' } as const;

export type NodeMajor = keyof typeof NODE_VERSIONS;
