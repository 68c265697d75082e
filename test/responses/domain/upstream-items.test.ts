import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/base/json.js';
import type { TextEvent } from '../../../src/text/text-event.js';
import { run } from './reducer-fixture.js';

const SEARCH = { type: 'web_search_call', status: 'completed', action: { type: 'search' } };
const FILES = { type: 'file_search_call', status: 'completed', queries: ['q'] };
const STAGE: TextEvent = {
  type: 'item_stage',
  choice: 0,
  index: 0,
  stage: 'response.web_search_call.searching',
};

const start = (item: JsonObject): TextEvent => ({ type: 'item_start', choice: 0, index: 0, item });
const end = (item: JsonObject): TextEvent => ({ type: 'item_end', choice: 0, index: 0, item });

describe('an item that an upstream makes', () => {
  it.each([
    ['in its middle', [start(SEARCH), STAGE, end(SEARCH)], 1],
    ['after its end', [start(SEARCH), end(SEARCH), STAGE], 0],
    ['before its beginning', [STAGE, start(SEARCH), end(SEARCH)], 0],
    ['of another kind', [start(FILES), STAGE, end(FILES)], 0],
  ])('has the stages of a search: %s', (_, input, stages) => {
    const { events } = run(input);
    expect(events.filter(({ type }) => type === STAGE.stage)).toHaveLength(stages);
  });

  it.each([
    ['another type', FILES, { ...FILES, type: 'web_search_call' }],
    ['a state of its middle', { ...SEARCH, status: 'in_progress' }, SEARCH],
  ])('ends as what it began, though its upstream says %s', (_, said, shown) => {
    expect(run([start(SEARCH), end(said)]).final.output).toMatchObject([shown]);
  });
});
