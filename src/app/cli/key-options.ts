import { checked } from '../../admin/checked.js';
import { GatewayError } from '../../base/errors/gateway-error.js';
import { UsageError } from './command.js';
import { atomicOf } from './usd.js';

/** Options of a key, for its creation and for later changes. */
export const KEY_OPTIONS = {
  name: { type: 'string' },
  budget: { type: 'string' },
  'budget-limit': { type: 'string' },
  'expires-at': { type: 'string' },
  'allowed-models': { type: 'string' },
  'rate-limit-rpm': { type: 'string' },
  'max-concurrent-requests': { type: 'string' },
} as const;

/** The value that removes a setting. */
const NONE = 'none';
const NUMBERS = ['chain_id', 'rate_limit_rpm', 'max_concurrent_requests'];

/** The options as the body of an HTTP request, checked by the same rules. */
export async function keyInput<Input extends object>(
  type: new () => Input,
  values: Readonly<Record<string, unknown>>,
): Promise<Input> {
  const { budget, ...rest } = values;
  if (budget !== undefined && rest['budget-limit'] !== undefined)
    throw new UsageError('--budget and --budget-limit say the same: give one of them.');
  const given = typeof budget === 'string' ? { ...rest, 'budget-limit': limitOf(budget) } : rest;
  const fields = Object.entries<unknown>(given).map(([option, value]) => fieldOf(option, String(value)));
  try {
    return await checked(type, Object.fromEntries(fields) as Record<string, unknown>);
  } catch (failure) {
    if (!(failure instanceof GatewayError)) throw failure;
    const field = failure.param ?? '';
    const option = `--${field.replaceAll('_', '-')}`;
    throw new UsageError(failure.message.replace(new RegExp(field, 'i'), option));
  }
}

function limitOf(budget: string): string {
  return budget === NONE ? NONE : atomicOf(budget, '--budget').toString();
}

function fieldOf(option: string, value: string): [field: string, value: unknown] {
  const field = option.replaceAll('-', '_');
  if (value === NONE) return [field, null];
  if (field === 'allowed_models') return [field, value.split(',')];
  return [field, NUMBERS.includes(field) ? Number(value) : value];
}
