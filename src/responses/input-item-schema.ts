import { shared } from '../base/shape/checker.js';
import {
  anyObject,
  knownOrOther,
  list,
  object,
  oneOfObjects,
  oneOfText,
  type Schema,
  shape,
  text,
  textOf,
} from '../base/shape/schema-parts.js';
import { reasoningEffort, textFormat } from './output-settings-schema.js';
import { toolSchema } from './tool-schema.js';

/** Only these URLs can be fetched or read; any other refers to something that the model cannot see. */
const WEB_OR_DATA_URL = '^([Hh][Tt][Tt][Pp][Ss]?://|[Dd][Aa][Tt][Aa]:)';

const named = textOf({ minLength: 1 });
const status = oneOfText('in_progress', 'completed', 'incomplete');

const textPart = shape('type', ['input_text', 'output_text'], { text });
const refusalPart = shape('type', ['refusal'], { refusal: text });
const imagePart = shape(
  'type',
  ['input_image'],
  {},
  {
    image_url: textOf({ pattern: WEB_OR_DATA_URL }),
    file_id: text,
    detail: oneOfText('low', 'high', 'auto', 'original'),
  },
);
const filePart = shape(
  'type',
  ['input_file'],
  {},
  { file_id: text, filename: text, file_data: text, file_url: text },
);
const audioPart = shape('type', ['input_audio'], {
  input_audio: object({ data: textOf({ minLength: 1 }), format: oneOfText('wav', 'mp3') }),
});

function textOrAny(...parts: readonly Schema[]): Schema {
  return { type: ['string', 'array'], items: oneOfObjects('type', ...parts) };
}

const message: Schema = {
  ...shape('type', ['message'], {}, { id: text, status }),
  allOf: [
    oneOfObjects(
      'role',
      shape('role', ['user', 'system', 'developer'], {
        content: textOrAny(textPart, refusalPart, imagePart, filePart, audioPart),
      }),
      shape(
        'role',
        ['assistant'],
        { content: textOrAny(textPart, refusalPart) },
        { phase: oneOfText('commentary', 'final_answer') },
      ),
    ),
  ],
};

const toolOutput = textOrAny(textPart, imagePart, filePart);
const summary = list(oneOfObjects('type', shape('type', ['summary_text'], { text })));
const reasoning = list(oneOfObjects('type', shape('type', ['reasoning_text', 'text'], { text })));

/** Items of tools that run at an upstream, or in a client that knows them by their type: kept as they come. */
const KEPT_AS_SENT = [
  'file_search_call',
  'web_search_call',
  'computer_call',
  'computer_call_output',
  'tool_search_call',
  'image_generation_call',
  'code_interpreter_call',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'mcp_call',
  'program',
  'program_output',
  'compaction_trigger',
] as const;

const inputItem = knownOrOther(
  'type',
  message,
  shape(
    'type',
    ['function_call'],
    { call_id: named, name: named, arguments: text },
    { id: text, status, namespace: text },
  ),
  // An output without a call has the name of its tool: the client ran the tool unasked.
  shape(
    'type',
    ['function_call_output'],
    { output: toolOutput },
    { id: text, status, call_id: named, name: named, namespace: text },
  ),
  shape(
    'type',
    ['custom_tool_call'],
    { call_id: named, name: named, input: text },
    { id: text, status, namespace: text },
  ),
  shape('type', ['custom_tool_call_output'], { call_id: named, output: toolOutput }, { id: text, status }),
  shape(
    'type',
    ['reasoning'],
    {},
    { id: text, status, summary, content: reasoning, encrypted_content: text },
  ),
  shape('type', ['item_reference'], { id: named }),
  shape('type', ['compaction'], { encrypted_content: text }, { id: text }),
  shape('type', ['additional_tools'], { tools: list(toolSchema) }, { id: text, role: text }),
  shape(
    'type',
    ['tool_search_output'],
    { tools: list(toolSchema) },
    { id: text, call_id: text, status: text },
  ),
  shape(
    'type',
    ['configuration_update'],
    {},
    {
      id: text,
      reasoning: object({}, { effort: reasoningEffort }),
      text: object({}, { format: textFormat }),
    },
  ),
  shape(
    'type',
    KEPT_AS_SENT,
    {},
    { id: text, status: text, call_id: text, action: anyObject, operation: anyObject },
  ),
);

/** One input item of a published or an unknown type. Where clients may leave out `type`, it has been filled in. */
export const inputItemSchema: Schema = shared('input_item', inputItem);
