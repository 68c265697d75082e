import { Injectable } from '@nestjs/common';

/** How long whoever finds a conversation locked waits for its turn. */
@Injectable()
export class ConversationWait {
  ms = 30_000;
}
