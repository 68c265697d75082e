import { shared } from '../base/shape/checker.js';
import {
  anyObject,
  flag,
  knownOrOther,
  list,
  oneOfObjects,
  oneOfText,
  type Schema,
  shape,
  text,
  textOf,
  wordOr,
} from '../base/shape/schema-parts.js';

const NAME = textOf({ pattern: '^[a-zA-Z0-9_-]{1,128}$' });

const functionTool = shape(
  'type',
  ['function'],
  { name: NAME },
  { description: text, parameters: anyObject, strict: flag, defer_loading: flag },
);
const customTool = shape(
  'type',
  ['custom'],
  { name: textOf({ minLength: 1 }) },
  {
    description: text,
    defer_loading: flag,
    format: oneOfObjects(
      'type',
      shape('type', ['text'], {}),
      shape('type', ['grammar'], { definition: text, syntax: oneOfText('lark', 'regex') }),
    ),
  },
);

/** Tools that run at an upstream, or in a client that knows them by their type. */
const WEB_SEARCH = [
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
] as const;
const OTHER_HOSTED = [
  'computer',
  'computer_use_preview',
  'image_generation',
  'local_shell',
  'programmatic_tool_calling',
  'apply_patch',
] as const;

const declaredTool = knownOrOther(
  'type',
  functionTool,
  customTool,
  shape(
    'type',
    ['namespace'],
    { name: textOf({ minLength: 1 }), tools: list(knownOrOther('type', functionTool, customTool)) },
    { description: text },
  ),
  shape('type', WEB_SEARCH, {}, { search_context_size: oneOfText('low', 'medium', 'high') }),
  shape('type', ['file_search'], {}, { vector_store_ids: list(text) }),
  shape(
    'type',
    ['code_interpreter'],
    {},
    { container: { type: ['string', 'object'], properties: { file_ids: list(text) } } },
  ),
  shape('type', ['shell'], {}, { environment: anyObject }),
  shape(
    'type',
    ['tool_search'],
    {},
    { execution: oneOfText('server', 'client'), description: text, parameters: anyObject },
  ),
  shape('type', ['mcp'], { server_label: text }, { server_url: text }),
  shape('type', OTHER_HOSTED, {}),
);

/** One declared tool, of a published or an unknown type. */
export const toolSchema: Schema = shared('tool', declaredTool);

/** `none`, `auto`, `required`, one tool by name or type, or a limit to some tools. */
export const toolChoiceSchema: Schema = wordOr(
  ['none', 'auto', 'required'],
  knownOrOther(
    'type',
    shape('type', ['function', 'custom'], { name: text }, { namespace: text }),
    shape('type', ['mcp'], { server_label: text }, { name: text }),
    shape('type', [...WEB_SEARCH, ...OTHER_HOSTED], {}),
    shape('type', ['file_search', 'code_interpreter', 'computer_use', 'shell', 'tool_search'], {}),
    shape('type', ['allowed_tools'], { mode: oneOfText('auto', 'required'), tools: list(anyObject) }),
  ),
);
