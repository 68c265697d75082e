import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  createParamDecorator,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Query,
  Res,
  type ExecutionContext,
} from '@nestjs/common';
import { type Account, CurrentAccount, ForAccounts } from '../../http/account-guard.js';
import { callerOf } from '../../http/caller.js';
import { ConversationsEndpoint, type ConversationCall } from './conversations-endpoint.js';

const CurrentCall = createParamDecorator((_data: unknown, context: ExecutionContext): ConversationCall => {
  const http = context.switchToHttp();
  const request = http.getRequest<IncomingMessage>();
  return { caller: callerOf(request), request, response: http.getResponse<ServerResponse>() };
});

/** The routes of both surfaces, which show conversations alike. */
abstract class ConversationsController {
  protected abstract readonly endpoint: ConversationsEndpoint;

  @Post()
  @HttpCode(200)
  create(@CurrentCall() call: ConversationCall): Promise<object> {
    return this.endpoint.create(call);
  }

  @Get(':id')
  @ForAccounts()
  find(@CurrentAccount() account: Account, @Param('id') id: string): Promise<object> {
    return this.endpoint.find(account, id);
  }

  @Post(':id')
  @HttpCode(200)
  update(@CurrentCall() call: ConversationCall, @Param('id') id: string): Promise<object> {
    return this.endpoint.update(call, id);
  }

  @Delete(':id')
  @ForAccounts()
  erase(
    @CurrentAccount() account: Account,
    @Res({ passthrough: true }) response: ServerResponse,
    @Param('id') id: string,
  ): Promise<object> {
    return this.endpoint.erase(account, response, id);
  }

  @Get(':id/items')
  @ForAccounts()
  items(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
  ): Promise<object> {
    return this.endpoint.items(account, id, query);
  }

  @Post(':id/items')
  @HttpCode(200)
  addItems(@CurrentCall() call: ConversationCall, @Param('id') id: string): Promise<object> {
    return this.endpoint.addItems(call, id);
  }

  @Get(':id/items/:itemId')
  @ForAccounts()
  item(
    @CurrentAccount() account: Account,
    @Param('id') id: string,
    @Param('itemId') itemId: string,
  ): Promise<object> {
    return this.endpoint.item(account, id, itemId);
  }

  @Delete(':id/items/:itemId')
  @ForAccounts()
  removeItem(
    @CurrentAccount() account: Account,
    @Res({ passthrough: true }) response: ServerResponse,
    @Param('id') id: string,
    @Param('itemId') itemId: string,
  ): Promise<object> {
    return this.endpoint.removeItem(account, response, id, itemId);
  }
}

@Controller('v1/conversations')
export class NativeConversationsController extends ConversationsController {
  constructor(protected readonly endpoint: ConversationsEndpoint) {
    super();
  }
}

@Controller('external/v1/conversations')
export class ExternalConversationsController extends ConversationsController {
  constructor(protected readonly endpoint: ConversationsEndpoint) {
    super();
  }
}
