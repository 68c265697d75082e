import type { Remedy } from '../text/remedy.js';
import type { Unsupported } from '../unsupported.js';
import type { MessagesBody } from './messages-wire.js';
import { NO_CACHE, NO_METADATA, NO_SINGLE_CALL, NO_STRICT } from './request/convert-request.js';
import { EFFORTS, NO_ADAPTIVE, NO_BUDGET, NO_DISABLED, NO_DISPLAY, noEffort } from './request/thinking.js';

/**
 * The service names the field at the beginning of its message, in one of these forms: `thinking.type: …`,
 * `"thinking.type.enabled" is not supported …`, `adaptive thinking is not supported …`. What quotes the request comes
 * later.
 */
const BEGINNING = 96;
/** Only this many characters of a message are read. */
const MAX_READ = 512;

type Rule = readonly [said: RegExp, omitted: (body: MessagesBody) => string | readonly string[] | undefined];

/** Hints and additions of the gateway, without which a call is the same call. */
const RULES: readonly Rule[] = [
  [
    /^thinking\.(?:adaptive\.)?display\b/,
    ({ thinking }) => (thinking && 'display' in thinking ? NO_DISPLAY : undefined),
  ],
  [
    /^["'`]?thinking\b|^(?:this model|\S+) does not support (?:\S+ )?thinking|^(?:adaptive|extended) thinking\b/i,
    ({ thinking }) =>
      thinking?.type === 'adaptive'
        ? NO_ADAPTIVE
        : thinking?.type === 'enabled'
          ? NO_BUDGET
          : thinking?.type === 'disabled'
            ? NO_DISABLED
            : undefined,
  ],
  [
    /^this model does not support (?:the )?effort\b/i,
    ({ output_config: config }) => (config?.effort ? EFFORTS.map(noEffort) : undefined),
  ],
  [
    /^["'`]?output_config\.effort\b|^["'`]?effort\b/i,
    ({ output_config: config }) => (config?.effort ? noEffort(config.effort) : undefined),
  ],
  [
    /^tools\.\d+\.(?:custom\.)?strict\b/,
    ({ tools }) => (tools?.some((tool) => 'strict' in tool) ? NO_STRICT : undefined),
  ],
  [
    /^tool_choice\.(?:\w+\.)?disable_parallel_tool_use\b/,
    ({ tool_choice: choice }) =>
      choice && 'disable_parallel_tool_use' in choice ? NO_SINGLE_CALL : undefined,
  ],
  [/^metadata\b/, ({ metadata }) => (metadata ? NO_METADATA : undefined)],
  [/^(?:system|tools|messages)\.[\w.]*cache_control\b/, () => NO_CACHE],
];

/** Undefined when no remedy is known: the refusal is about what the client asked for. */
export function findRemedy(
  status: number,
  message: string | undefined,
  body: MessagesBody,
): Remedy | undefined {
  if (status !== 400 || message === undefined) return undefined;
  const beginning = message.slice(0, BEGINNING);
  for (const [said, omitted] of RULES) {
    const names = said.test(beginning) ? omitted(body) : undefined;
    if (names !== undefined) return { omitFields: [names].flat() };
  }
  return undefined;
}

const SAMPLING = /^["'`]?(temperature|top_p|top_k)\b/;
const BOTH = /^["'`]?temperature["'`]? and ["'`]?top_p["'`]? cannot both\b/;

/** The field of the client's that some models do not take; undefined for every other refusal. */
export function refusedSampling(status: number, message = ''): Unsupported | undefined {
  if (status !== 400) return undefined;
  if (BOTH.test(message)) return { param: 'top_p', why: 'The model takes it only without `temperature`.' };
  const param = SAMPLING.exec(message)?.[1];
  return param === undefined ? undefined : { param, why: 'The model takes none.' };
}

/** A field that is refused only beside another field, or in a certain case, is known. */
const SAYS_WHEN = /\b(?:when|while|if|unless|together|without)\b/i;

/** Whether later requests should do without it, too: a breakpoint may be wrong in this one alone. */
export function isLasting({ omitFields = [] }: Remedy, message = ''): boolean {
  return !omitFields.includes(NO_CACHE) && !SAYS_WHEN.test(message.slice(0, MAX_READ));
}
