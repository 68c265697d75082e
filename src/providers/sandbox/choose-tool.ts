import { createHash } from 'node:crypto';
import type { Prompt, ToolChoice } from '../../text/prompt.js';
import { jsonSchemaInstance } from './json-schema-instance.js';

export interface SandboxCall {
  readonly id: string;
  readonly name: string;
  readonly kind: 'function' | 'custom';
  /** JSON for a function, plain text for a custom tool. */
  readonly arguments: string;
}

/** The call that the assistant makes: the named tool, or the first one of those that may be called. */
export function chooseTool({ messages, tools, toolChoice = 'auto' }: Prompt): SandboxCall | undefined {
  if (toolChoice === 'none') return undefined;
  const names = namesOf(toolChoice);
  const tool = names === undefined ? tools[0] : tools.find(({ name }) => names.has(name));
  if (!tool) return undefined;
  const { name, kind } = tool;
  return {
    id: `call_${digest(`${messages.length} ${name}`)}`,
    name,
    kind,
    arguments:
      kind === 'custom'
        ? 'sandbox'
        : JSON.stringify(jsonSchemaInstance(tool.parameters ?? { type: 'object' })),
  };
}

/** The names that a tool choice allows; undefined when it allows all. */
function namesOf(choice: ToolChoice): ReadonlySet<string> | undefined {
  if (typeof choice === 'string') return undefined;
  const meant = 'allowed' in choice ? choice.allowed : [choice];
  return new Set(meant.map(({ name }) => name));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
