import type { Remedy } from '../text/remedy.js';
import type { MessagesBody } from './messages-wire.js';
import { NO_CACHE, NO_METADATA, NO_SINGLE_CALL, NO_STRICT } from './request/convert-request.js';
import { NO_ADAPTIVE, NO_BUDGET, NO_DISABLED, NO_DISPLAY, noEffort } from './request/thinking.js';

/**
 * The service names the field at the beginning of its message, in one of these forms: `thinking.type: …`,
 * `"thinking.type.enabled" is not supported …`, `adaptive thinking is not supported …`. What quotes the request comes
 * later.
 */
const BEGINNING = 96;

type Rule = readonly [said: RegExp, omitted: (body: MessagesBody) => string | undefined];

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
    /^["'`]?output_config\.effort\b|^this model does not support (?:the )?effort\b|^["'`]?effort\b/i,
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
    const name = said.test(beginning) ? omitted(body) : undefined;
    if (name !== undefined) return { omitFields: [name] };
  }
  return undefined;
}

const SAMPLING = /^["'`]?(temperature|top_p|top_k)\b/;

/** The field of the client's that newer models do not take at all; undefined for every other refusal. */
export function refusedSampling(status: number, message = ''): string | undefined {
  return status === 400 ? SAMPLING.exec(message)?.[1] : undefined;
}

/** Whether later requests should do without it, too: a breakpoint may be wrong in this one alone. */
export function isLasting({ omitFields = [] }: Remedy): boolean {
  return !omitFields.includes(NO_CACHE);
}
