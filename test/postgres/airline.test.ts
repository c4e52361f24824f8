/** The airline on Postgres: only the URL is another. */
import { inject } from 'vitest';
import { airlineOfTwo } from '../e2e/airline-of-two.ts';
import { withServer } from '../servers/provided.ts';
import { storeUrl } from './stores.ts';

withServer(inject('postgres'), 'the airline', (server) => airlineOfTwo(() => storeUrl(server)));
