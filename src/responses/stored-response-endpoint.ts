import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { from } from 'rxjs';
import { GatewayError } from '../base/errors/gateway-error.js';
import type { Account } from '../http/account-guard.js';
import { ResponseWriter } from '../streaming/response-writer.js';
import { endOf, FollowResponses } from './background/follow.js';
import { synthesise, terminalAfter } from './domain/replay.js';
import type { ResponseObject } from './domain/response.js';
import { isTerminal } from './domain/status.js';
import { itemList } from './item-list.js';
import { parseItemQuery, parseStreamQuery, type Query } from './list-query.js';
import type { ResponsePresenters } from './presenter/response-presenters.js';
import type { ReplayOutcome } from './presenter/replay-presenter.js';
import type { StoredResponse } from './response-store.js';
import { StoredResponses } from './stored-responses.service.js';

interface EventsRequest {
  readonly accountId: string;
  readonly stored: StoredResponse;
  /** Sequence number of the last event that the client has. */
  readonly startingAfter: number | undefined;
}

/** `…/responses/{id}` of both surfaces. */
@Injectable()
export class StoredResponseEndpoint {
  constructor(
    private readonly responses: StoredResponses,
    private readonly follow: FollowResponses,
    private readonly writer: ResponseWriter,
  ) {}

  async find(
    { id: accountId }: Account,
    id: string,
    query: Query,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    const { stream, startingAfter } = parseStreamQuery(query);
    const stored = await this.responses.find(accountId, id);
    if (!stream) {
      sendJson(response, shown(stored, presenters));
      return;
    }
    return this.stream({ accountId, stored, startingAfter }, response, presenters);
  }

  /** The events of a stored response, from the first one on. */
  async replay(
    accountId: string,
    id: string,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    const stored = await this.responses.find(accountId, id);
    return this.stream({ accountId, stored, startingAfter: undefined }, response, presenters);
  }

  /** Streams the events from the log, or makes them from the stored object. */
  private async stream(
    { accountId, stored, startingAfter }: EventsRequest,
    response: ServerResponse,
    presenters: ResponsePresenters,
  ): Promise<void> {
    const { id } = stored.object;
    if (stored.isLogged) {
      return this.writer.stream(
        response,
        (demand) => this.follow.follow(accountId, id, startingAfter ?? -1, demand),
        presenters.followed(id),
      );
    }
    if (!isTerminal(stored.object.status))
      throw new GatewayError(
        'invalid_value',
        'Only a background response that was created with `stream: true` can be followed while it runs.',
        {
          param: 'stream',
        },
      );
    const object = shown(stored, presenters);
    const events = startingAfter === undefined ? synthesise(object) : [terminalAfter(object, startingAfter)];
    const outcomes: readonly ReplayOutcome[] = [...endOf(stored), ...events.map((event) => ({ event }))];
    await this.writer.stream(response, () => from(outcomes), presenters.followed(id));
  }

  async cancel(account: Account, id: string, presenters: ResponsePresenters): Promise<ResponseObject> {
    return shown(await this.responses.cancel(account.id, id), presenters);
  }

  async erase(account: Account, id: string): Promise<object> {
    await this.responses.erase(account.id, id);
    return { id, object: 'response', deleted: true };
  }

  async inputItems(account: Account, id: string, query: Query): Promise<object> {
    return itemList(await this.responses.inputItems(account.id, id, parseItemQuery(query)));
  }
}

function shown({ object, receipt }: StoredResponse, { stored }: ResponsePresenters): ResponseObject {
  return stored(object, receipt);
}

function sendJson(response: ServerResponse, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}
