import { type ErrorOptions, GatewayError } from './gateway-error.js';

/**
 * The error for a service that said that it is overloaded as a whole. Only Anthropic's wire has a status for that, and
 * shows it as `upstream_overloaded`; clients of other wires are told that the provider is not available.
 */
export class UpstreamOverloaded extends GatewayError {
  constructor(options: ErrorOptions = {}) {
    super('upstream_unavailable', "The model's provider is overloaded at the moment.", options);
  }
}
