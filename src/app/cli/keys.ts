import { createKey } from './create-key.js';
import { listKeys } from './list-keys.js';
import { revokeKey } from './revoke-key.js';
import { updateKey } from './update-key.js';
import { UsageError, type Command } from './command.js';

export const keys: Command = {
  usage: [
    'create|list|update|revoke …',
    'create --account NAME  Makes a key and prints it, this once. Without a budget it is unlimited.',
    '    [--name LABEL] [--budget USD] [--expires-at ISO_8601] [--allowed-models ID,ID]',
    '    [--rate-limit-rpm N] [--max-concurrent-requests N] [--chain-id N]',
    '    --budget 12.50 is 12.50 USD; --budget-limit takes the same in atomic USDC, as the admin interface does.',
    'list [--account NAME]  Lists keys, oldest first, with what they have spent and hold (USD).',
    'update KEY_ID …        Changes a key: the options of create, but for the account and the chain; none removes a setting.',
    'revoke KEY_ID          Refuses a key from now on, on every replica; what runs with it ends as usual.',
  ],
  async run([word, ...words]) {
    if (word === 'create') return createKey(words);
    if (word === 'list') return listKeys(words);
    if (word === 'update') return updateKey(words);
    if (word === 'revoke') return revokeKey(words);
    throw new UsageError(
      word === undefined
        ? 'create, list, update or revoke?'
        : `keys can be created, listed, updated and revoked, not \`${word}\``,
    );
  },
};
