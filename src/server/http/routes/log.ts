/** The log of an app: pages of it, and its moving end as an event stream. */
import { HoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import { origin } from '../../../ledger/index.ts';
import type { LogPage, Position } from '../../../ledger/index.ts';
import { jsonResponse } from '../http-call.ts';
import type { HttpCall } from '../http-call.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { eventStream } from '../event-stream.ts';
import { logText, positionFrom, positionText } from '../wire/json-text.ts';
import { problemOf } from '../wire/problem.ts';
import { answers, queries } from '../wire/schemas.ts';

const log = route({
  method: 'get',
  path: '/v1/apps/{app}/log',
  id: 'getLog',
  summary: 'Commits in order behind a position, or from the beginning',
  query: queries.log,
  answers: {
    200: { description: 'A page; go on behind `through`', schema: answers.log },
    410: {
      description: 'The log does not reach back to there: start again from a snapshot',
      schema: answers.problem,
      contentType: 'application/problem+json',
    },
  },
  async handle(call, { after, ...filter }) {
    const start = after === undefined ? origin : positionFrom(after);
    const page = await call.ledger.log(start, filter);
    if (page.kind === 'commits') return jsonResponse(logText(page));
    return problemOf(goneError(page));
  },
});

export interface WatchParts {
  readonly clock: Clock;
  /** Aborts when the server goes away. */
  readonly going: AbortSignal;
  /** Counts the stream, and keeps its principal's end in sight, until the function is called. */
  enter(call: HttpCall): () => void;
}

export function logRoutes(parts: WatchParts): readonly Route[] {
  return [log, watchRoute(parts)];
}

function watchRoute({ clock, going, enter }: WatchParts): Route {
  return route({
    method: 'get',
    path: '/v1/apps/{app}/watch',
    id: 'watch',
    summary: 'Commits as they come, as server-sent events; resumes behind `Last-Event-ID`',
    query: queries.watch,
    headers: { 'Last-Event-ID': 'the id of the last event that was received' },
    answers: {
      200: {
        description: 'Events: `ready`, `commit`, and at the end `trimmed`, `regressed` or `error`',
        contentType: 'text/event-stream',
      },
    },
    async handle(call, { after, ...filter }) {
      const { ledger } = call;
      const resumed = call.header('last-event-id') ?? after;
      const start = resumed === undefined ? await headOf(call) : positionFrom(resumed);
      const leave = enter(call);
      const stop = new AbortController();
      try {
        const signal = AbortSignal.any([stop.signal, going]);
        const pages = ledger.watch({ ...filter, after: start, signal });
        return eventStream(pages, { start, clock, stop, going, leave });
      } catch (error) {
        leave();
        throw error;
      }
    },
  });
}

async function headOf(call: HttpCall): Promise<Position> {
  return (await call.ledger.head()).position;
}

export function goneError(page: Exclude<LogPage, { kind: 'commits' }>): HoldfastError {
  const message = 'the log no longer reaches back to that position; start from a snapshot';
  return new HoldfastError(page.kind, message, { details: { head: positionText(page.head) } });
}
