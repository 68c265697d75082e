import type { Profile } from './profile.js';

/** For a server of which only its wire is known, OpenAI's chat wire; vLLM and llama.cpp fit this profile. */
export const GENERIC_PROFILE: Profile = {
  omitFields: [],
  developerRole: false,
  tokenLimitField: 'max_completion_tokens',
  toolCallIds: 'kept',
  reasoningContent: 'given',
  assistantAfterTools: false,
  callSignatures: false,
  toolImages: 'inside',
  promptCacheKey: 'given',
  cacheControl: false,
};

interface Service {
  /** Hosts of its base URLs. A leading dot or dash matches every host that ends so; a port matches only that port. */
  readonly hosts: readonly string[];
  /** Sources of the differences below. */
  readonly sources: readonly string[];
  readonly differs: Partial<Profile>;
}

/** OpenAI's hints that other services do not use; some services refuse them. */
const HINTS = ['prompt_cache_key', 'user', 'safety_identifier', 'verbosity'];

/** The services whose differences are known. `store` and `metadata` are sent to none of them. */
const SERVICES = {
  openai: {
    hosts: ['api.openai.com'],
    sources: [
      'https://github.com/agno-agi/agno/issues/5382', // ids of at most 40 characters
      'https://platform.openai.com/docs/api-reference/chat/create', // text alone in a tool's message
      'https://platform.openai.com/docs/guides/prompt-caching', // prompt_cache_key decides about the server
    ],
    differs: {
      developerRole: true,
      toolCallIds: 'short',
      reasoningContent: 'never',
      toolImages: 'behind',
      promptCacheKey: 'always',
    },
  },
  azure: {
    hosts: ['.openai.azure.com', '.cognitiveservices.azure.com', '.services.ai.azure.com'],
    sources: [
      'https://github.com/vectorize-io/hindsight/issues/3518', // prompt_cache_key is refused
      'https://github.com/agno-agi/agno/issues/5382',
    ],
    differs: {
      omitFields: ['prompt_cache_key'],
      toolCallIds: 'short',
      reasoningContent: 'never',
      toolImages: 'behind',
    },
  },
  openrouter: {
    hosts: ['openrouter.ai'],
    sources: [
      'https://openrouter.ai/docs',
      'https://openrouter.ai/docs/client-sdks/typescript/models/anthropiccachecontroldirective', // cache_control
      'https://github.com/openclaw/openclaw/pull/875', // OpenAI's limit of ids holds through it
    ],
    differs: { tokenLimitField: 'max_tokens', toolCallIds: 'short', cacheControl: true },
  },
  google: {
    hosts: [
      'generativelanguage.googleapis.com',
      '.aiplatform.googleapis.com',
      'aiplatform.googleapis.com',
      '-aiplatform.googleapis.com',
    ],
    sources: [
      'https://ai.google.dev/gemini-api/docs/openai',
      'https://github.com/liliMozi/openhanako/issues/394', // unknown names are refused
      'https://github.com/leookun/cursor-byok/issues/112', // prompt_cache_key
      'https://ai.google.dev/gemini-api/docs/thought-signatures', // signatures of calls
    ],
    differs: {
      omitFields: HINTS,
      tokenLimitField: 'max_tokens',
      reasoningContent: 'never',
      callSignatures: true,
    },
  },
  anthropic: {
    hosts: ['api.anthropic.com'],
    sources: [
      'https://platform.claude.com/docs/en/cli-sdks-libraries/libraries/openai-sdk', // ignored fields
      'https://github.com/maximhq/bifrost/issues/5097', // the pattern of ids
    ],
    differs: {
      omitFields: HINTS,
      tokenLimitField: 'max_tokens',
      toolCallIds: 'plain',
      reasoningContent: 'never',
    },
  },
  mistral: {
    hosts: ['api.mistral.ai', 'codestral.mistral.ai'],
    sources: [
      'https://github.com/Gitlawb/openclaude/issues/739', // extra fields are forbidden; usage comes by itself
      'https://github.com/anomalyco/opencode/issues/1680', // ids
      'https://github.com/charmbracelet/crush/issues/1590', // a user message after a tool message
      'https://github.com/LibreChat-AI/agents/issues/344', // a user message after a tool message
    ],
    differs: {
      omitFields: [...HINTS, 'stream_options'],
      tokenLimitField: 'max_tokens',
      toolCallIds: 'nine',
      reasoningContent: 'never',
      assistantAfterTools: true,
    },
  },
  deepseek: {
    hosts: ['api.deepseek.com'],
    sources: [
      'https://api-docs.deepseek.com',
      'https://github.com/mnfst/llm-gateway/issues/992', // reasoning_content
    ],
    differs: { tokenLimitField: 'max_tokens', reasoningContent: 'always' },
  },
  moonshot: {
    hosts: ['api.moonshot.ai', 'api.moonshot.cn', 'api.kimi.com'],
    sources: [
      'https://platform.moonshot.ai/docs',
      'https://github.com/Kilo-Org/kilocode/issues/10986', // reasoning_content
      'https://github.com/BerriAI/litellm/issues/34523', // its own ids have to stay as they are
    ],
    differs: { tokenLimitField: 'max_tokens', reasoningContent: 'always' },
  },
  groq: {
    hosts: ['api.groq.com'],
    sources: [
      'https://console.groq.com/docs/openai',
      'https://github.com/zed-industries/zed/issues/36215', // prompt_cache_key
      'https://github.com/janhq/jan/issues/8136', // reasoning_content
    ],
    differs: {
      omitFields: ['prompt_cache_key', 'safety_identifier', 'verbosity'],
      reasoningContent: 'never',
    },
  },
  cerebras: {
    hosts: ['api.cerebras.ai'],
    sources: [
      'https://inference-docs.cerebras.ai',
      'https://github.com/zed-industries/zed/issues/36215', // prompt_cache_key
      'https://github.com/egoist/chatwise-releases/issues/1442', // reasoning_content
    ],
    differs: {
      omitFields: ['prompt_cache_key', 'safety_identifier', 'verbosity'],
      reasoningContent: 'never',
    },
  },
  xai: {
    hosts: ['api.x.ai'],
    sources: [
      'https://docs.x.ai',
      'https://docs.x.ai/developers/advanced-api-usage/prompt-caching/maximizing-cache-hits',
    ],
    differs: { reasoningContent: 'never', affinityHeader: 'x-grok-conv-id' },
  },
  together: {
    hosts: ['api.together.xyz', 'api.together.ai'],
    sources: ['https://docs.together.ai'],
    differs: { tokenLimitField: 'max_tokens' },
  },
  fireworks: {
    hosts: ['api.fireworks.ai'],
    sources: ['https://docs.fireworks.ai', 'https://docs.fireworks.ai/guides/prompt-caching'],
    differs: {
      tokenLimitField: 'max_tokens',
      promptCacheKey: 'always',
      affinityHeader: 'x-session-affinity',
    },
  },
  deepinfra: {
    hosts: ['api.deepinfra.com'],
    sources: ['https://deepinfra.com/docs/openai_api'],
    differs: { tokenLimitField: 'max_tokens' },
  },
  zai: {
    hosts: ['api.z.ai', 'open.bigmodel.cn'],
    sources: ['https://docs.z.ai'],
    differs: { tokenLimitField: 'max_tokens' },
  },
  ollama: {
    hosts: ['localhost:11434', '127.0.0.1:11434', 'ollama:11434', 'host.docker.internal:11434'],
    sources: ['https://docs.ollama.com/api/openai-compatibility'],
    differs: { tokenLimitField: 'max_tokens' },
  },
} as const satisfies Readonly<Record<string, Service>>;

export type ProfileName = keyof typeof SERVICES | 'generic';

export const PROFILE_NAMES: readonly ProfileName[] = [
  'generic',
  ...(Object.keys(SERVICES) as (keyof typeof SERVICES)[]),
];

export function profileOf(name: ProfileName): Profile {
  return name === 'generic' ? GENERIC_PROFILE : { ...GENERIC_PROFILE, ...SERVICES[name].differs };
}

/** The service behind a base URL; `generic` for hosts that are not known. */
export function profileNameOf(baseUrl: string): ProfileName {
  const url = new URL(baseUrl);
  const isMeant = (host: string): boolean =>
    /^[.-]/.test(host) ? url.hostname.endsWith(host) : host === url.hostname || host === url.host;
  const services: readonly [string, Service][] = Object.entries(SERVICES);
  const found = services.find(([, { hosts }]) => hosts.some(isMeant))?.[0];
  return PROFILE_NAMES.find((name) => name === found) ?? 'generic';
}
