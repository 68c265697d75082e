/** The client closed its connection before it had sent its whole request: nobody is left to be told. */
export class ClientLeft extends Error {
  constructor() {
    super('The client closed the connection before its request was complete.');
    this.name = 'ClientLeft';
  }
}
