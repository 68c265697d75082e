/**
 * The parts of undici that the gateway uses. Its main module would load five times as many modules, such as fetch and
 * mocks.
 */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';
  export = Client;
}

declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  export = buildConnector;
}
