/** Apps, their heads, their scopes, and the pages of a scope. */
import { jsonResponse } from '../http-call.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { entriesText, pageText, positionFrom, positionText } from '../wire/json-text.ts';
import { answers, pinRequest, queries, refs } from '../wire/schemas.ts';
import type { Directory } from '../../../protocol/index.ts';
import type { Principal } from '../../auth/principal.ts';

export function scopeRoutes(directoryOf: (principal: Principal) => Directory): readonly Route[] {
  const apps = route({
    method: 'get',
    path: '/v1/apps',
    id: 'listApps',
    summary: 'The apps that hold something or have a history',
    query: queries.none,
    answers: { 200: { description: 'Their names', schema: answers.apps } },
    async handle(call) {
      const names = await directoryOf(call.principal).names();
      return jsonResponse(JSON.stringify({ apps: names }));
    },
  });
  return [apps, head, scopes, scope, entries, read, pin];
}

const head = route({
  method: 'get',
  path: '/v1/apps/{app}',
  id: 'getHead',
  summary: 'Where an app stands: its last position, its time, how much it holds',
  query: queries.none,
  answers: { 200: { description: 'The head', schema: answers.head } },
  async handle(call) {
    const { position, oldest, ...rest } = await call.ledger.head();
    const places = { position: positionText(position), oldest: positionText(oldest) };
    return jsonResponse(JSON.stringify({ ...places, ...rest }));
  },
});

const scopes = route({
  method: 'get',
  path: '/v1/apps/{app}/scopes',
  id: 'listScopes',
  summary: 'The scopes that hold entries, by name, a page at a time',
  query: queries.scopes,
  answers: { 200: { description: 'A page', schema: answers.scopes } },
  async handle(call, query) {
    const { items, cursor, position } = await call.ledger.scopes(query);
    return jsonResponse(JSON.stringify({ items, cursor, position: positionText(position) }));
  },
});

const scope = route({
  method: 'get',
  path: '/v1/apps/{app}/scopes/{scope}',
  id: 'getScope',
  summary: 'How many entries and bytes a scope holds, exactly',
  query: queries.none,
  answers: { 200: { description: 'The counts', schema: answers.scope } },
  async handle(call) {
    return jsonResponse(JSON.stringify(await call.ledger.scope(call.name('scope'))));
  },
});

const entries = route({
  method: 'get',
  path: '/v1/apps/{app}/scopes/{scope}/entries',
  id: 'listEntries',
  summary: 'Entries by key, a page at a time; every page shows the same moment',
  query: queries.scan,
  answers: { 200: { description: 'A page', schema: answers.entries } },
  async handle(call, query) {
    const page = await call.ledger.scan({ ...query, scope: call.name('scope') });
    return jsonResponse(pageText(page));
  },
});

const read = route({
  method: 'post',
  path: '/v1/apps/{app}/read',
  id: 'readEntries',
  summary: 'Entries of any scopes, all as of one moment',
  query: queries.none,
  body: { schema: refs, contentTypes: ['application/json'] },
  answers: { 200: { description: 'In the order of the refs; null: none', schema: answers.read } },
  async handle(call) {
    const asked = await call.json(refs);
    return jsonResponse(entriesText(await call.ledger.read(asked.refs)));
  },
});

const pin = route({
  method: 'put',
  path: '/v1/apps/{app}/pins/{name}',
  id: 'setPin',
  summary: 'Holds the log from a position on for a while; `ttlMs` 0 lets go',
  query: queries.none,
  body: { schema: pinRequest, contentTypes: ['application/json'] },
  answers: { 200: { description: 'The pin', schema: answers.pin } },
  async handle(call) {
    const { at, ttlMs } = await call.json(pinRequest);
    const { position, ...rest } = await call.ledger.pin(call.name('name'), positionFrom(at), ttlMs);
    return jsonResponse(JSON.stringify({ ...rest, position: positionText(position) }));
  },
});
