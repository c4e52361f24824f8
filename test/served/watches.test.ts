/** P6 through a real server and client, whose connections are their own. */
import { describe } from 'vitest';
import { memory, sqlite, throughAServer } from '../robustness/grounds.ts';
import { watchSearch } from '../robustness/watches/suite.ts';

describe('watches against the log', () => {
  watchSearch('memory through a server', throughAServer(memory), 3);
  watchSearch('sqlite through a server', throughAServer(sqlite), 3);
});
