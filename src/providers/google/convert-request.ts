import type { JsonValue } from '../../base/json.js';
import type { Target } from '../../catalog/model.js';
import type { Prompt } from '../../text/prompt.js';
import type { RefusedSignatures } from '../text/refused-signatures.js';
import type { TextRequest } from '../text/text-request.js';
import { convertContents } from './convert-contents.js';
import { convertTools } from './convert-tools.js';
import { type AskedThinking, generationConfig } from './generation-config.js';
import type { FetchedImages } from './media.js';
import { traitsOf } from './model-traits.js';
import { NO_SIGNATURE } from '../text/gemini-signatures.js';
import { ToolNames } from './tool-names.js';
import type { Content, GenerateContentBody } from './wire.js';

export interface RequestOptions {
  readonly images: FetchedImages;
  readonly refused: RefusedSignatures;
  /** Whether the first call of each step of the current turn must have a signature. */
  readonly demandsSignatures: boolean;
  readonly thinking: AskedThinking;
}

export interface ConvertedRequest {
  readonly body: GenerateContentBody;
  readonly names: ToolNames;
  /** The signatures that go up, but for the one that excuses a missing one. */
  readonly signatures: readonly string[];
}

/** Tiers that mean what is meant without one. */
const USUAL_TIERS: ReadonlySet<string> = new Set(['auto', 'default', 'standard']);

/** Fields of the body that the gateway decides about; `pass_fields` does not apply to them. */
const OWN: ReadonlySet<string> = new Set([
  ...['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'serviceTier', 'model'],
]);

/** The body for the upstream. @throws GatewayError 400 for contents that cannot be sent */
export function convertRequest(
  { prompt, model, outputCapTokens }: TextRequest,
  { provider, upstreamModel }: Target,
  { images, refused, demandsSignatures, thinking }: RequestOptions,
): ConvertedRequest {
  const traits = traitsOf(upstreamModel, model);
  const names = new ToolNames(prompt.tools);
  const { contents, system } = convertContents(prompt.messages, {
    provider,
    names,
    refused,
    images,
    demandsSignatures,
  });
  const { tools, calling } = convertTools(prompt, names);
  const config = generationConfig(prompt, { outputCapTokens, traits, thinking });
  const body: GenerateContentBody = {
    ...passed(prompt, provider.passFields),
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    contents,
    ...(tools.length > 0 && { tools }),
    ...(calling && { toolConfig: { functionCallingConfig: calling } }),
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
    ...tierOf(prompt),
  };
  return { body, names, signatures: contents.flatMap(signaturesIn) };
}

function signaturesIn({ parts }: Content): readonly string[] {
  return parts.flatMap(({ thoughtSignature: signature }) =>
    signature === undefined || signature === NO_SIGNATURE ? [] : [signature],
  );
}

function tierOf({ serviceTier }: Prompt): Pick<GenerateContentBody, 'serviceTier'> {
  return serviceTier === undefined || USUAL_TIERS.has(serviceTier) ? {} : { serviceTier };
}

/** Fields that the operator has named, such as `safetySettings`, at the top of the body. */
function passed({ extra = {} }: Prompt, fields: readonly string[]): Readonly<Record<string, JsonValue>> {
  const named = fields.flatMap((field): (readonly [string, JsonValue])[] => {
    const value = OWN.has(field) || !Object.hasOwn(extra, field) ? undefined : extra[field];
    return value === undefined || value === null ? [] : [[field, value]];
  });
  return Object.fromEntries(named);
}
