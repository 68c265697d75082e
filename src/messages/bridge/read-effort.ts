import type { JsonObject } from '../../base/json.js';
import { objectIn, objectsIn, textIn } from '../../base/json-fields.js';

/** Budgets of thinking tokens below which an effort is low, or medium. */
const LOW_BELOW = 4_096;
const MEDIUM_BELOW = 16_384;

/**
 * The effort that the client asks for: of the last system message that names one, else the request's own, else what its
 * budget for thinking amounts to. Thinking that is disabled is no effort at all.
 */
export function effortOf(body: JsonObject): string | undefined {
  const { type, budget_tokens: budget } = objectIn(body['thinking']);
  if (type === 'disabled') return 'none';
  const said = objectsIn(body['messages'])
    .map(({ output_config: config }) => textIn(objectIn(config)['effort']))
    .findLast((effort) => effort !== undefined);
  const asked = said ?? textIn(objectIn(body['output_config'])['effort']);
  if (asked !== undefined || type !== 'enabled' || typeof budget !== 'number') return asked;
  if (budget < LOW_BELOW) return 'low';
  return budget < MEDIUM_BELOW ? 'medium' : 'high';
}
