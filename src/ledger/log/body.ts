/**
 * The log row of a group, as text: one line of JSON, then all values end to end.
 *
 * The line is `{v, time, scopes, commits}`. A commit is `[offset, actor, cause, changes]`; a change
 * is
 * `[kind, scope, key, value, createdAgo, expiresIn, schema, size, previous, operations?]`;
 * `previous` is 0 or `[version, createdAgo, updatedAgo, expiresIn, schema, size, value]`, its
 * version negative if it was written in this group (its offset, negated). Times are distances to
 * `time`, which the group was judged by; 0 as `…Ago` is the commit's own time, which may be later,
 * and -1 is `time` itself; 0 as `expiresIn` is never. A value
 * is 0 (none), `[start, length]` of the text behind the line, `[start, length, 1]` for bytes in
 * base64, or an object that names a large value.
 *
 * B1. Each value stands once: a change's `previous` points at the text of the change that wrote it.
 * B2. Large values are named, never repeated.
 *
 * The tags of a row are the scopes in it, one a line, so that a reader of one scope can pass it
 * over unread; `*` if there are too many to list or one has a line break. A first line `!` marks a
 * row that names large values.
 */
import { present } from '../../internal/assert.ts';
import type { LogAppend } from '../../engine/index.ts';
import type { DecidedChange, DecidedCommit } from '../group/answer.ts';
import type { Draft } from '../group/draft.ts';

export const bodyVersion = 1;
export const kindNames = ['created', 'updated', 'deleted', 'expired'] as const;
export const allScopes = '*';
export const externalMark = '!';

/** More scopes than this are not listed: reading such a row costs less than comparing long tags. */
const taggedScopesMax = 16;

export function encodeBody(commits: readonly DecidedCommit[], time: number): LogAppend {
  const body = new BodyWriter(time);
  const rows = commits.map((commit) => [
    commit.offset,
    commit.actor ?? 0,
    commit.cause ?? 0,
    commit.changes.map((change) => body.change(change)),
  ]);
  return body.finish(rows);
}

function hasLineBreak(scope: string): boolean {
  return scope.includes('\n');
}

class BodyWriter {
  readonly #time: number;
  readonly #scopes = new Map<string, number>();
  #text = '';
  #namesExternal = false;

  constructor(time: number) {
    this.#time = time;
  }

  change(change: DecidedChange): unknown[] {
    const { slot, kind, before, after, operations } = change;
    const shown = present(after ?? before, 'a changed entry');
    const fields: unknown[] = [
      kindNames.indexOf(kind),
      this.#scope(slot.ref.scope),
      slot.ref.key,
      after === undefined ? 0 : this.#value(after),
      this.#ago(shown.createdAt),
      this.#expiry(shown),
      shown.schema,
      shown.size,
      before === undefined ? 0 : this.#previous(before, change.erased),
    ];
    if (operations !== undefined) fields.push(operations);
    return fields;
  }

  finish(commits: unknown[][]): LogAppend {
    const scopes = [...this.#scopes.keys()];
    const header = JSON.stringify({ v: bodyVersion, time: this.#time, scopes, commits });
    const isListed = scopes.length <= taggedScopesMax && !scopes.some(hasLineBreak);
    const names = isListed ? scopes : [allScopes];
    const tags = this.#namesExternal ? [externalMark, ...names] : names;
    return { body: `${header}\n${this.#text}`, tags: tags.join('\n') };
  }

  #previous(before: Draft, erased: boolean): unknown[] {
    return [
      before.offset > 0 ? -before.offset : before.version,
      this.#ago(before.createdAt),
      this.#ago(before.updatedAt),
      this.#expiry(before),
      before.schema,
      before.size,
      erased ? 0 : this.#value(before),
    ];
  }

  #value(draft: Draft): unknown {
    if (draft.external !== undefined) {
      this.#namesExternal = true;
      return draft.external;
    }
    const { content } = draft;
    if (typeof content === 'string') {
      if (draft.logStart < 0) draft.logStart = this.#append(content);
      return [draft.logStart, content.length];
    }
    const text = Buffer.from(present(content, 'a value to log')).toString('base64');
    if (draft.logStart < 0) draft.logStart = this.#append(text);
    return [draft.logStart, text.length, 1];
  }

  #append(text: string): number {
    const start = this.#text.length;
    this.#text += text;
    return start;
  }

  #ago(time: number | undefined): number {
    if (time === undefined) return 0;
    return this.#time - time || -1;
  }

  #expiry(draft: Draft): number {
    // An entry that dies at this very moment is told from one that never does by one millisecond.
    if (draft.expiresAt === undefined) return 0;
    const distance = draft.expiresAt - this.#time;
    return distance > 0 ? distance : distance - 1;
  }

  #scope(scope: string): number {
    let index = this.#scopes.get(scope);
    if (index === undefined) {
      index = this.#scopes.size;
      this.#scopes.set(scope, index);
    }
    return index;
  }
}
