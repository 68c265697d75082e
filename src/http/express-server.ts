import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';

/** The prototypes that Express gives to each request and each answer. */
interface ExpressPrototypes {
  request: object;
  response: object;
}

/**
 * Makes requests and answers with Express's prototypes at once. Express itself changes the prototype of each one, which
 * makes it and everything that reads it slow.
 */
export class ExpressServer extends ExpressAdapter {
  override initHttpServer(): void {
    const app = this.getInstance<ExpressPrototypes & (() => void)>();
    class Request extends IncomingMessage {}
    class Response extends ServerResponse {}
    Object.setPrototypeOf(Request.prototype, app.request);
    Object.setPrototypeOf(Response.prototype, app.response);
    app.request = Request.prototype;
    app.response = Response.prototype;
    this.httpServer = createServer({ IncomingMessage: Request, ServerResponse: Response }, app);
  }
}
