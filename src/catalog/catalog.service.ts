import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '../errors/gateway-error.js';
import type { CatalogSnapshot, ResolvedModel, ResolvedVideoModel } from './catalog.js';
import type { Model, ProviderSettings } from './model.js';
import { SANDBOX_PREFIX } from './sandbox-id.js';

/** What is offered now. Not cached by its users: a reload replaces it while calls run. */
@Injectable()
export class Catalog {
  constructor(private snapshot: CatalogSnapshot) {}

  /**
   * Finds the text model that a client named, exactly as named; what follows the first colon of a sandbox id are its
   * options, unchecked.
   * @throws GatewayError model_not_found
   */
  resolveText(publicId: string): ResolvedModel {
    const { model, modelOptions } = this.resolve(publicId);
    if (model.kind !== 'text') throw otherKind(model, 'videos, at /videos/generations');
    return { model, modelOptions };
  }

  /** The same for a model that makes videos. @throws GatewayError model_not_found */
  resolveVideo(publicId: string): ResolvedVideoModel {
    const { model, modelOptions } = this.resolve(publicId);
    if (model.kind !== 'video') throw otherKind(model, 'text, at /chat/completions and /responses');
    return { model, modelOptions };
  }

  list(): readonly Model[] {
    return [...this.snapshot.models.values()];
  }

  get(id: string): Model | undefined {
    return this.snapshot.models.get(id);
  }

  provider(id: string): ProviderSettings | undefined {
    return this.snapshot.providers.get(id);
  }

  /** @returns false when the snapshot says the same; the entries in use, and the connections kept for them, stay. */
  replace(snapshot: CatalogSnapshot): boolean {
    if (isDeepStrictEqual(snapshot, this.snapshot)) return false;
    this.snapshot = snapshot;
    return true;
  }

  private resolve(publicId: string): ResolvedModel<Model> {
    const colon = publicId.startsWith(SANDBOX_PREFIX) ? publicId.indexOf(':') : -1;
    const model = this.snapshot.models.get(colon < 0 ? publicId : publicId.slice(0, colon));
    if (model === undefined) throw modelNotFound(publicId);
    return { model, modelOptions: colon < 0 ? '' : publicId.slice(colon + 1) };
  }
}

const LONGEST_SHOWN_ID = 128;

function modelNotFound(publicId: string): GatewayError {
  const shown = publicId.length > LONGEST_SHOWN_ID ? `${publicId.slice(0, LONGEST_SHOWN_ID)}…` : publicId;
  return new GatewayError(
    'model_not_found',
    `There is no model "${shown}". GET /models lists the models that your key may use.`,
    { param: 'model' },
  );
}

function otherKind({ id }: Model, makes: string): GatewayError {
  return new GatewayError('model_not_found', `The model "${id}" makes ${makes}.`, { param: 'model' });
}
