/**
 * How the driver's connections are opened: as it does by itself, but heard for as long as they are.
 *
 * A connection over TLS may fail twice: whoever refuses a certificate then gets the alert of a
 * server that did not understand the end. The driver listens for one failure, and one that nobody
 * hears ends the process.
 */
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { AbstractConnector } from 'ioredis';

interface Target {
  readonly host: string;
  readonly port: number;
  readonly tls?: ConnectionOptions | undefined;
  readonly disconnectTimeout: number;
}

/** The class is made upon the driver's, which is loaded only where a store is in Redis. */
export function connectorClass(driver: {
  readonly AbstractConnector: typeof AbstractConnector;
}): new (options: unknown) => AbstractConnector {
  return class extends driver.AbstractConnector {
    readonly #target: Target;

    constructor(options: unknown) {
      const target = options as Target;
      super(target.disconnectTimeout);
      this.#target = target;
    }

    override async connect(): Promise<Socket> {
      const { host, port, tls } = this.#target;
      this.connecting = true;
      const stream =
        tls === undefined
          ? createConnection({ host, port })
          : connectEncrypted({ host, port, ...tls });
      stream.on('error', (error) => {
        this.firstError ??= error;
      });
      this.stream = stream;
      return stream;
    }
  };
}
