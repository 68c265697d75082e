import { Controller, Get, Headers, Param, Query } from '@nestjs/common';
import type { Query as PageQuery } from '../base/shape/page-query.js';
import { ANTHROPIC_VERSION } from '../streaming/wire-of.js';
import { anthropicModelCard, anthropicModelList } from './anthropic-models.js';
import { Catalog } from '../catalog/catalog.service.js';
import { externalModelCard, nativeModelCard } from '../catalog/model-cards.js';
import { mayUse } from '../catalog/may-use.js';
import type { Model } from '../catalog/model.js';
import { GatewayError } from '../base/errors/gateway-error.js';
import { type Account, CurrentAccount, ForAccounts } from '../http/account-guard.js';

/** The models that the caller's key may use, as one surface shows them, or Anthropic's API for its clients. */
abstract class ModelsController {
  protected constructor(
    private readonly catalog: Catalog,
    private readonly card: (model: Model, name?: string) => object,
  ) {}

  @Get()
  list(
    @CurrentAccount() account: Account,
    @Query() query: PageQuery,
    @Headers(ANTHROPIC_VERSION) version?: string,
  ): object {
    const models = this.catalog.list().filter((model) => mayUse(account, model));
    if (version !== undefined) return anthropicModelList(models, query);
    return { object: 'list', data: models.map((model) => this.card(model)) };
  }

  /** Ids contain slashes, which clients send raw or encoded. */
  @Get('*id')
  find(
    @CurrentAccount() account: Account,
    @Param('id') segments: string | string[],
    @Headers(ANTHROPIC_VERSION) version?: string,
  ): object {
    const name = typeof segments === 'string' ? segments : segments.join('/');
    const model = this.catalog.get(name);
    if (!model || !mayUse(account, model))
      throw new GatewayError('model_not_found', undefined, { param: 'model' });
    return version !== undefined && model.kind === 'text'
      ? anthropicModelCard(model, name)
      : this.card(model, name);
  }
}

@Controller('v1/models')
@ForAccounts()
export class NativeModelsController extends ModelsController {
  constructor(catalog: Catalog) {
    super(catalog, nativeModelCard);
  }
}

@Controller('external/v1/models')
@ForAccounts()
export class ExternalModelsController extends ModelsController {
  constructor(catalog: Catalog) {
    super(catalog, externalModelCard);
  }
}
