/**
 * Checkups: every rule of an app's ledger against what is stored, and the engine's own checks.
 * They change nothing; what is only in motion is not reported.
 *
 * H1. Of an app for whoever administers all of it; of the engine, which holds every app, for
 *     whoever administers them all.
 * H2. One at a time: a checkup reads everything. Between its pages others have their turn.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Clock } from '../../../internal/clock.ts';
import { checkApp, examineEngine, examineLedger } from '../../../ledger/index.ts';
import type { Ledgers } from '../../../ledger/index.ts';
import { forbidden } from '../../auth/principal.ts';
import type { HttpCall } from '../http-call.ts';
import { lineStream } from '../line-stream.ts';
import type { LineWriter } from '../line-stream.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { queries } from '../wire/schemas.ts';

export interface CheckupParts {
  readonly ledgers: Ledgers;
  readonly clock: Clock;
  /** Aborts when the server goes away. */
  readonly going: AbortSignal;
  /** Counts the stream, and keeps its principal's end in sight, until the function is called. */
  enter(call: HttpCall): () => void;
}

const answer = {
  description:
    'Lines of JSON: `progress`, `finding`, and at the end `end` or `error`. Empty ones say nothing',
  contentType: 'application/jsonl',
};

export function checkupRoutes(parts: CheckupParts): readonly Route[] {
  const { ledgers, clock } = parts;
  const alone = new OneAtATime();
  const ofApp = route({
    method: 'get',
    path: '/v1/apps/{app}/checkup',
    id: 'examineApp',
    summary: 'Checks every rule of an app’s ledger; needs admin of the whole app',
    query: queries.none,
    answers: { 200: answer },
    async handle(call) {
      const app = call.name('app');
      checkApp(app);
      if (!call.principal.covers(app, '*', 'admin')) throw forbidden('admin', app);
      return stream(call, async ({ signal, write, hint }) => {
        const findings = await examineLedger(ledgers.engine, app, {
          signal,
          onProgress: (done, total) => hint({ progress: { done, total } }),
          pause: () => new Promise((resolve) => clock.soon(resolve)),
        });
        for (const finding of findings) write({ finding });
        const { head } = await ledgers.engine.read(app, []);
        return { entries: head.entries };
      });
    },
  });
  const ofEngine = route({
    method: 'get',
    path: '/v1/checkup',
    id: 'examineEngine',
    summary: 'Has the engine check its own structures; needs admin of all apps',
    query: queries.none,
    answers: { 200: answer },
    async handle(call) {
      if (!call.principal.covers('*', '*', 'admin')) throw forbidden('admin', '*');
      return stream(call, async ({ write }) => {
        const findings = await examineEngine(ledgers.engine);
        for (const finding of findings ?? []) write({ finding });
        return { checked: findings !== undefined };
      });
    },
  });
  return [ofApp, ofEngine];

  function stream(call: HttpCall, work: (lines: LineWriter) => Promise<object>): Response {
    const done = alone.begin();
    let leave: () => void;
    try {
      leave = parts.enter(call);
    } catch (error) {
      done();
      throw error;
    }
    const ended = AbortSignal.any([parts.going, call.principal.ended]);
    return lineStream(work, {
      clock,
      ended,
      leave: () => {
        done();
        leave();
      },
    });
  }
}

class OneAtATime {
  #isBusy = false;

  /** Call what it returns at the end. */
  begin(): () => void {
    if (this.#isBusy) {
      throw new HoldfastError('overloaded', 'another checkup is under way; try again later');
    }
    this.#isBusy = true;
    return () => {
      this.#isBusy = false;
    };
  }
}
