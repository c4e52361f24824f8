/**
 * The text of a config file as a value, with the line of each of its parts.
 *
 * D1. `${NAME}` stands for a variable of the environment, `${NAME:default}` for the default where
 *     it is not set, `$${` for `${` itself. A value that is one variable and not quoted takes the
 *     type that its text has: `port: ${PORT:7420}` is a number. (Between `{` and `}` YAML wants
 *     quotes around it.)
 * D2. JSON is YAML: both are read alike.
 */
import { isScalar, LineCounter, parse, parseDocument, visit } from 'yaml';
import type { Document, Scalar } from 'yaml';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something wrong with the text, and where. */
export interface Problem extends Place {
  readonly message: string;
  /** The key that is meant: `apps.shop.quota`; empty where no single key is. */
  readonly key: string;
}

export interface ConfigDocument {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the value of a path begins, or where its key stands. */
  placeOf(path: readonly PropertyKey[], of: 'value' | 'key'): Place;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function readDocument(text: string, environment: Environment): ConfigDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, uniqueKeys: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line, column: col };
  };
  // What follows the first error of syntax is mostly its consequence.
  const problems: Problem[] = document.errors.slice(0, 1).map(({ message, pos }) => {
    const text = message.split(/ at line |\n/)[0] ?? message;
    return { ...placeAt(pos[0]), message: text, key: '' };
  });
  if (problems.length === 0) problems.push(...substitute(document, environment, placeAt));
  return {
    value: problems.length === 0 ? (document.toJS() as unknown) : undefined,
    problems,
    placeOf: (path, of) => placeAt(offsetOf(document, path, of)),
  };
}

function substitute(
  document: Document,
  environment: Environment,
  placeAt: (offset: number) => Place,
): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(part, node) {
      if (part === 'key' || typeof node.value !== 'string') return;
      try {
        node.value = filledIn(node as Scalar<string>, environment);
      } catch (error) {
        const place = placeAt(node.range?.[0] ?? 0);
        problems.push({ ...place, message: (error as Error).message, key: '' });
      }
    },
  });
  return problems;
}

const variable = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}|\$\{/g;

function filledIn(node: Scalar<string>, environment: Environment): unknown {
  const text = node.value;
  if (!text.includes('${')) return text;
  const filled = text.replaceAll(variable, (found, name?: string, otherwise?: string) => {
    if (found === '$${') return '${';
    if (name === undefined) throw new Error(`'${text}' has a \${ that names no variable`);
    const value = environment[name] ?? otherwise;
    if (value !== undefined) return value;
    throw new Error(`the environment has no ${name}, and '${text}' gives no default`);
  });
  const isWhole = node.type === 'PLAIN' && /^\$\{[^}]*\}$/.test(text);
  return isWhole ? typed(filled) : filled;
}

/** What the text would be if it stood in the file. Only a single value: no list, no object. */
function typed(text: string): unknown {
  try {
    const value: unknown = parse(text);
    return typeof value === 'object' && value !== null ? text : value;
  } catch {
    return text;
  }
}

function offsetOf(document: Document, path: readonly PropertyKey[], of: 'value' | 'key'): number {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent = path.slice(0, depth - 1);
    const map = parent.length === 0 ? document.contents : document.getIn(parent, true);
    const items = (map as { items?: unknown[] } | null)?.items ?? [];
    const found = items.find((item) => keyOf(item) === path[depth - 1]) as Pair | undefined;
    const node = of === 'key' ? found?.key : (found?.value ?? found?.key);
    if (node?.range) return node.range[0];
  }
  return 0;
}

interface Ranged {
  readonly range?: readonly [number, number, number] | null;
}

interface Pair {
  readonly key?: Ranged & { readonly value?: unknown };
  readonly value?: Ranged | null;
}

function keyOf(item: unknown): unknown {
  const { key } = item as Pair;
  return isScalar(key) ? key.value : undefined;
}
