/**
 * Codes and types by which services say that the context is full. Sources: OpenAI, Azure, Groq and Cerebras say
 * `context_length_exceeded`; llama.cpp https://github.com/ggml-org/llama.cpp/pull/16486; GitHub Copilot and GitHub
 * Models; Z.ai https://github.com/mangowhoiscloud/geode/pull/668; LiteLLM's exception. Codes that a service also uses
 * for other mistakes are not here (Mistral's 3051, Z.ai's 1210).
 */
const FULL_CONTEXT: ReadonlySet<string> = new Set([
  'context_length_exceeded',
  'context_window_exceeded',
  'exceed_context_size_error',
  'max_prompt_tokens_exceeded',
  'model_max_prompt_tokens_exceeded',
  'tokens_limit_reached',
  'prompt_too_long',
  'ContextWindowExceededError',
  '1261',
]);

/** vLLM's names for an input that is too long (`VLLMValidationError` in vllm/renderers and vllm/entrypoints). */
const FULL_CONTEXT_PARAMS: ReadonlySet<string> = new Set(['input_tokens', 'input_text']);

/** Fields with the length of the input, in tokens. */
const COUNTS = ['n_prompt_tokens', 'prompt_tokens', 'input_tokens'] as const;

const CONTENT_REFUSALS: ReadonlySet<string> = new Set([
  'content_filter',
  'content_policy_violation',
  'moderation_blocked',
  'image_content_policy_violation',
  'bio_policy',
]);

/** The operator's key is refused, whatever the status. */
const REFUSED_KEYS: ReadonlySet<string> = new Set([
  'invalid_api_key',
  'authentication_error',
  'API_KEY_INVALID',
]);

/**
 * The operator's account has nothing left to spend; waiting does not help. Sources: OpenAI, Anthropic's
 * `billing_error`, Moonshot https://github.com/MoonshotAI/kimi-code/pull/1857, Z.ai's 1113, new-api.
 */
const UNPAID: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'insufficient_user_quota',
  'insufficient_balance',
  'exceeded_current_quota_error',
  'billing_hard_limit_reached',
  'billing_not_active',
  'billing_error',
  '1113',
]);

/** The upstream has no model with the name that the operator gave. */
const UNKNOWN_MODELS: ReadonlySet<string> = new Set([
  'model_not_found',
  'model_not_available',
  'model_not_supported',
  'unknown_model',
  'DeploymentNotFound',
]);

/** Codes and types that say more than the status, or come inside a stream, where there is no status. */
const STATUS_OF_WORD: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['invalid_value', 400],
  ['invalid_prompt', 400],
  ['invalid_encrypted_content', 400],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_exceeded', 429],
  ['rate_limit_error', 429],
  ['server_error', 500],
  ['api_error', 500],
  ['internal_error', 500],
  ['overloaded_error', 529],
  ['service_unavailable', 503],
  ['timeout', 504],
  ['timeout_error', 504],
]);

/** Whether an error's `code` or `type` says that the content was refused. */
export function isContentRefusal(word: unknown): boolean {
  return typeof word === 'string' && CONTENT_REFUSALS.has(word);
}

export function saysFullContext(words: readonly string[], param: string | undefined): boolean {
  return words.some((word) => FULL_CONTEXT.has(word)) || FULL_CONTEXT_PARAMS.has(param ?? '');
}

/** Tokens of an input that was too long, where the error has a count of them. */
export function countedInput(error: Readonly<Record<string, unknown>>): number | undefined {
  const counts = COUNTS.map((name) => error[name]);
  return counts.find((count): count is number => Number.isSafeInteger(count) && Number(count) > 0);
}

/** Words that only say that something is wrong, not what. */
const VAGUE: ReadonlySet<string> = new Set([
  'invalid_request_error',
  'invalid_request',
  'BadRequestError',
  'INVALID_ARGUMENT',
  'not_found_error',
  'NotFoundError',
]);

/**
 * The status that every service should use for an operator's mistake; undefined for other errors. An error about
 * `model` is one if no word says more. OpenAI's `invalid_value` for `model` is not: it concerns what the request asks
 * of a known model.
 */
export function operatorsStatus(words: readonly string[], param: string | undefined): number | undefined {
  if (words.some((word) => REFUSED_KEYS.has(word))) return 401;
  if (words.some((word) => UNPAID.has(word))) return 402;
  if (words.some((word) => UNKNOWN_MODELS.has(word))) return 404;
  if (param === 'model' && words.every((word) => VAGUE.has(word) || /^\d+$/.test(word))) return 404;
  return undefined;
}

/** Codes of a Response that failed over an image of the request (`ResponseError` in OpenAI's API). */
const ABOUT_AN_IMAGE =
  /^(?:invalid_(?:base64_)?image|image_|unsupported_image_|empty_image_|failed_to_download_image)/;

/** The status that an error frame names, as a number or by a word. */
export function statusOf(words: readonly string[]): number | undefined {
  for (const word of words) {
    if (ABOUT_AN_IMAGE.test(word)) return 400;
    const status = /^[45]\d\d$/.test(word) ? Number(word) : STATUS_OF_WORD.get(word);
    if (status !== undefined) return status;
  }
  return undefined;
}
