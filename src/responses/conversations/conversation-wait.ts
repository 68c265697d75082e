import { Injectable } from '@nestjs/common';

/** How long a request waits for its turn on a locked conversation. */
@Injectable()
export class ConversationWait {
  ms = 30_000;
}
