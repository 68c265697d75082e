import { createKey } from './create-key.js';
import { listKeys } from './list-keys.js';
import { revokeKey } from './revoke-key.js';
import { UsageError, type Command } from './command.js';

export const keys: Command = {
  usage: [
    'create|list|revoke …',
    'create --account NAME  Makes a key and prints it, this once. Without a budget it is unlimited.',
    '    [--name LABEL] [--budget-limit ATOMIC_USDC] [--expires-at ISO_8601] [--allowed-models ID,ID]',
    '    [--rate-limit-rpm N] [--max-concurrent-requests N] [--chain-id N]',
    'list [--account NAME]  Lists keys, oldest first, with what they have spent and hold (atomic USDC).',
    'revoke KEY_ID          Refuses a key from now on, on every replica; what runs with it ends as usual.',
  ],
  async run([word, ...words]) {
    if (word === 'create') return createKey(words);
    if (word === 'list') return listKeys(words);
    if (word === 'revoke') return revokeKey(words);
    throw new UsageError(
      word === undefined
        ? 'create, list or revoke?'
        : `keys can be created, listed and revoked, not \`${word}\``,
    );
  },
};
