import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/**
 * Lets a slow reader slow its socket. undici's own way is to pause its parser, which ends the process when the upstream
 * closes the connection meanwhile: an assertion fails in a listener of the socket (nodejs/undici#5360, mended only for
 * newer Nodes). Behind a gate the parser never pauses; while the gate is held, there is nothing to read.
 */
export class ReadGate {
  private socket: Socket | undefined;
  private isHeld = false;

  /** A connector whose socket is read through this gate. For one connection at a time. */
  before(connect: buildConnector.connector): buildConnector.connector {
    return (options, callback) =>
      connect(options, (...[failure, socket]) => {
        if (failure !== null) return callback(failure, null);
        const read = socket.read.bind(socket);
        const readWhenOpen = (size?: number): unknown => (this.isHeld ? null : read(size));
        socket.read = readWhenOpen;
        this.socket = socket;
        callback(null, socket);
      });
  }

  hold(): void {
    this.isHeld = true;
  }

  /** To be called by the reader. Reads on at once. */
  open(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.socket?.emit('readable');
  }

  /** To be called at the end of a call, while the parser runs, which then reads on by itself, or for a connection that is closed. */
  openBehind(): void {
    this.isHeld = false;
  }
}
