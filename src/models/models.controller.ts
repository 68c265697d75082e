import { Controller, Get, Param } from '@nestjs/common';
import { Catalog } from '../catalog/catalog.service.js';
import { externalModelCard, nativeModelCard } from '../catalog/model-cards.js';
import { entryIdOf, type Model } from '../catalog/model.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { type Caller, CurrentCaller } from '../http/caller.js';
import { KeyAuthenticator } from '../payments/keys/key-authenticator.js';

/** The models that the caller's key may use, as one surface shows them. */
abstract class ModelsController {
  protected constructor(
    private readonly catalog: Catalog,
    private readonly keys: KeyAuthenticator,
    private readonly card: (model: Model, name?: string) => object,
  ) {}

  @Get()
  async list(@CurrentCaller() caller: Caller): Promise<object> {
    const isAllowed = await this.allowedTo(caller);
    const models = this.catalog.list().filter(isAllowed);
    return { object: 'list', data: models.map((model) => this.card(model)) };
  }

  /** Ids have slashes, which clients send raw or encoded. */
  @Get('*id')
  async find(@CurrentCaller() caller: Caller, @Param('id') segments: string | string[]): Promise<object> {
    const name = typeof segments === 'string' ? segments : segments.join('/');
    const isAllowed = await this.allowedTo(caller);
    const model = this.catalog.get(name);
    if (!model || !isAllowed(model)) throw new GatewayError('model_not_found', undefined, { param: 'model' });
    return this.card(model, name);
  }

  private async allowedTo(caller: Caller): Promise<(model: Model) => boolean> {
    const { allowedModels } = await this.keys.authenticate(caller);
    return (model) => allowedModels.length === 0 || allowedModels.includes(entryIdOf(model));
  }
}

@Controller('v1/models')
export class NativeModelsController extends ModelsController {
  constructor(catalog: Catalog, keys: KeyAuthenticator) {
    super(catalog, keys, nativeModelCard);
  }
}

@Controller('external/v1/models')
export class ExternalModelsController extends ModelsController {
  constructor(catalog: Catalog, keys: KeyAuthenticator) {
    super(catalog, keys, externalModelCard);
  }
}
