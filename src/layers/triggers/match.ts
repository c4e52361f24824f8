/**
 * Conditions as data, for configuration files: a pattern of JSON that an event must hold.
 *
 * An object matches if each of its members does; whatever else the event has does not matter.
 * Arrays must have the same length and match item by item, everything else must be equal.
 */
export interface JsonMatch {
  readonly event_type?: string | undefined;
  readonly scope?: string | undefined;
  readonly key?: string | undefined;
  readonly new_value?: unknown;
  readonly old_value?: unknown;
  readonly actor?: string | undefined;
}

const members = ['event_type', 'scope', 'key', 'new_value', 'old_value', 'actor'] as const;

/** What is unknown in a pattern; undefined if nothing is. */
export function unknownMember(pattern: object): string | undefined {
  return Object.keys(pattern).find((name) => !(members as readonly string[]).includes(name));
}

export function matchesJson(pattern: JsonMatch, event: JsonMatch): boolean {
  return members.every((name) => {
    const wanted = pattern[name];
    return wanted === undefined || holds(wanted, event[name]);
  });
}

function holds(pattern: unknown, value: unknown): boolean {
  if (typeof pattern !== 'object' || pattern === null) return Object.is(pattern, value);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) &&
      value.length === pattern.length &&
      pattern.every((item, index) => holds(item, value[index]))
    );
  }
  if (Array.isArray(value)) return false;
  return Object.entries(pattern).every(
    ([name, wanted]) =>
      Object.hasOwn(value, name) && holds(wanted, (value as Record<string, unknown>)[name]),
  );
}
