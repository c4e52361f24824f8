/**
 * How far the triggers of all apps are, whoever runs them, read from the store when somebody asks
 * for the metrics. Costs a read for each app, and a few for each trigger.
 *
 * Not here: what a single process counts; that is `trigger.stats()`.
 */
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import type { LedgerSource } from '../../ledger/index.ts';
import { App } from '../../store/index.ts';

type TriggerStatus = Awaited<ReturnType<App['triggers']['list']>>[number];
type Told = readonly { readonly app: string; readonly status: TriggerStatus }[];

const gauges: readonly (readonly [string, string, (status: TriggerStatus) => number])[] = [
  ['lag_revisions', 'Revisions from the first change it has not done to the head.', (s) => s.lag],
  ['events_per_second', 'Events handled, averaged over ten seconds.', (s) => s.perSecond],
  ['parked_events', 'Events that wait for another attempt.', (s) => s.parked],
  ['dead_letters', 'Events that were given up.', (s) => s.deadLetters],
  ['workers', 'Processes that run it.', (s) => s.workers],
  ['paused', 'Whether it is paused: 1 or 0.', (s) => Number(s.isPaused)],
];

export interface TriggerMetricsParts {
  readonly registry: Registry;
  readonly source: LedgerSource;
  readonly clock: Clock;
  readonly random: Random;
  onError(error: unknown): void;
}

export function tellTriggers(parts: TriggerMetricsParts): void {
  let asking: Promise<Told> | undefined;
  // All gauges of one scrape share an answer.
  const ask = (): Promise<Told> => {
    asking ??= read(parts).finally(() => {
      asking = undefined;
    });
    return asking;
  };
  for (const [name, help, valueOf] of gauges) {
    const gauge: Gauge = new Gauge({
      name: `holdfast_trigger_${name}`,
      help: `Triggers: ${help}`,
      labelNames: ['app', 'trigger'],
      registers: [parts.registry],
      // Several processes of a server tell the same store.
      aggregator: 'max',
      collect: async () => {
        const told = await ask();
        gauge.reset();
        for (const { app, status } of told) {
          gauge.set({ app, trigger: status.name }, valueOf(status));
        }
      },
    });
  }
}

/** Metrics of other things are told even if the store cannot be read. */
async function read({ source, clock, random, onError }: TriggerMetricsParts): Promise<Told> {
  const told: { app: string; status: TriggerStatus }[] = [];
  try {
    for (const name of await source.names()) {
      const app = App.over(source.ledger(name), { clock, random });
      for (const status of await app.triggers.list()) told.push({ app: name, status });
    }
  } catch (error) {
    onError(error);
  }
  return told;
}
