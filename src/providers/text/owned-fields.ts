import { reasoningScopeOf, type ProviderSettings } from '../../catalog/model.js';

/**
 * Whether a provider may get fields that belong to `owner`: the scope of who made them. Fields that were stored by
 * older versions have the provider's id.
 */
export function isOwnedBy(owner: string, provider: ProviderSettings): boolean {
  return owner === provider.id || owner === reasoningScopeOf(provider);
}
