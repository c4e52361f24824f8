/** The name that somebody meant who mistyped one. */

/** The closest of `names` by edits, capitals aside, or undefined if none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(typed.length / 2)) + 1;
  for (const name of names) {
    const distance = edits(typed.toLowerCase(), name.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = name;
  }
  return best;
}

/** Insertions, deletions and replacements that make `a` into `b`. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let index = 0; index < a.length; index += 1) {
    const next = [index + 1];
    for (let column = 0; column < b.length; column += 1) {
      const replace = (row[column] ?? 0) + (a[index] === b[column] ? 0 : 1);
      next.push(Math.min(replace, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
