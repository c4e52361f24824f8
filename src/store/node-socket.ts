/**
 * A WebSocket of the package `ws`, for programs on Node that have the server's half installed
 * anyway: a message passes fewer layers than in the WebSocket that is built into Node.
 *
 * Not part of `holdfast/client`, which browsers carry: only `open` of the whole package takes it.
 */
import { WebSocket as NodeWebSocket } from 'ws';
import { socketOpener } from '../client/index.ts';

export const openNodeSocket = socketOpener((url, subprotocol) => {
  const socket = new NodeWebSocket(url, subprotocol, { perMessageDeflate: false });
  // It has the interface of the platform's, under types of its own.
  return socket as unknown as WebSocket;
});
