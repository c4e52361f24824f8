/**
 * A ledger behind the wire, without a network: proves that nothing travels by reference.
 *
 * Every call is encoded to bytes, decoded, run on the given ledger, and its answer encoded and
 * decoded back; a watch comes as pulled items of a stream. Run a ledger's suite through it to show
 * that embedded and remote are one thing.
 */
import type { Ledger } from '../ledger/index.ts';
import { CallingSession, ServingSession } from '../protocol/index.ts';

export function loopback(ledger: Ledger): Ledger {
  // A frame that its receiver cannot read ends a connection; here it ends the loop.
  const calling: CallingSession = new CallingSession({
    send: (frame) => passed(() => serving.receive(frame)),
  });
  const serving: ServingSession = new ServingSession({
    ledger: () => ledger,
    send: (frame) => passed(() => calling.receive(frame)),
  });
  function passed(receive: () => void): void {
    try {
      receive();
    } catch (error) {
      serving.close();
      calling.fail(error);
    }
  }
  return calling.ledger(ledger.name);
}
