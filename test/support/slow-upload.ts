import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request whose body comes in two parts. */
export class SlowUpload {
  private readonly request: ClientRequest;
  /** Resolves also when the answer comes before the second part. */
  readonly answer: Promise<{
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }>;

  constructor(
    url: string,
    key: string,
    private readonly body: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    this.request = request(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-length': Buffer.byteLength(body), ...headers },
    });
    this.answer = new Promise((resolve, reject) => {
      this.request.once('error', reject).once('response', (response) => {
        text(response).then(
          (answered) =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered }),
          reject,
        );
      });
    });
    this.request.write(body.slice(0, 1));
  }

  finish(): typeof this.answer {
    this.request.end(this.body.slice(1));
    return this.answer;
  }
}
