/**
 * Everything that users can call from a door: its functions, and the methods of the classes and
 * interfaces that it names or that those hand out.
 *
 * Found in the sources themselves, so that a new method is asked for its example without anybody
 * remembering to. What a comment calls internal, or says is for layers, is nobody's to call.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';
import type { Comment, Node, Program } from 'oxc-parser';

export interface PublicCall {
  /** `Scope.get`, `open`. */
  readonly name: string;
  /** `src/layers/scopes/scope.ts`. */
  readonly path: string;
  /** The lines at which its comments hold an example. */
  readonly exampleLines: readonly number[];
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly Comment[];
}

interface Declared {
  readonly source: Source;
  readonly node: Node;
}

const notForUsers = /@internal|[Ff]or layers/;

export class PublicCalls {
  readonly #root: string;
  /** Interfaces that users write rather than call. */
  readonly #contracts: ReadonlySet<string>;
  readonly #sources = new Map<string, Source>();
  readonly #seen = new Set<Node>();
  readonly #found: PublicCall[] = [];

  constructor(root: string, contracts: readonly string[]) {
    this.#root = root;
    this.#contracts = new Set(contracts);
  }

  of(doors: readonly string[]): readonly PublicCall[] {
    for (const door of doors) {
      const path = join(this.#root, door);
      const exported = this.#exportsOf(path).map((name) => this.#find(path, name));
      for (const one of exported) this.#visit(one, true);
    }
    return this.#found;
  }

  #visit(declared: Declared | undefined, isExported: boolean): void {
    const name = idOf(declared?.node);
    if (declared === undefined || name === undefined || this.#seen.has(declared.node)) return;
    this.#seen.add(declared.node);
    const { source, node } = declared;
    if (node.type === 'FunctionDeclaration') {
      this.#add(source, name, commentsBefore(source, startOf(source, node)));
    } else if (node.type === 'ClassDeclaration') {
      if (node.superClass?.type === 'Identifier') this.#follow(source, node.superClass.name);
      // What an interface asks for is shown where the interface stands.
      const promised = (node.implements ?? []).flatMap((one) => {
        const contract = this.#find(source.path, identifier(one.expression) ?? '');
        this.#visit(contract, false);
        return contract?.node.type === 'TSInterfaceDeclaration' ? contract.node.body.body : [];
      });
      const shown = new Set(promised.map(nameOf));
      const own = node.body.body.filter((member) => {
        const isHidden = 'static' in member && member.static && !isExported;
        return !isHidden && !shown.has(nameOf(member));
      });
      this.#members(source, name, own);
    } else if (node.type === 'TSInterfaceDeclaration' && !this.#contracts.has(name)) {
      this.#members(source, name, node.body.body);
    }
  }

  #members(source: Source, owner: string, members: readonly Node[]): void {
    const comments = new Map<string, Comment[]>();
    for (const member of members) {
      const name = nameOf(member);
      const own = commentsBefore(source, member.start);
      if (name === undefined || own.some(({ value }) => notForUsers.test(value))) continue;
      for (const handedOut of typesIn(resultOf(member))) this.#follow(source, handedOut);
      if (isCall(member)) comments.set(name, [...(comments.get(name) ?? []), ...own]);
    }
    for (const [name, own] of comments) this.#add(source, `${owner}.${name}`, own);
  }

  #follow(source: Source, name: string): void {
    this.#visit(this.#find(source.path, name), false);
  }

  #add({ path, text }: Source, name: string, comments: readonly Comment[]): void {
    if (comments.some(({ value }) => notForUsers.test(value))) return;
    const exampleLines = comments.flatMap(({ start, value }) => {
      const at = value.indexOf('@example');
      return at < 0 ? [] : [text.slice(0, start + at).split('\n').length];
    });
    this.#found.push({ name, path: relative(this.#root, path), exampleLines });
  }

  /** Where a name that a module declares, imports or exports is declared, if that is ours. */
  #find(path: string, name: string): Declared | undefined {
    const source = this.#source(path);
    for (const statement of source.program.body) {
      const node = declaredBy(statement);
      if (node !== undefined && 'id' in node && idOf(node) === name) return { source, node };
      const from = sourceOf(statement);
      if (from === undefined) continue;
      if (statement.type === 'ExportAllDeclaration') {
        const found = this.#find(join(dirname(path), from), name);
        if (found !== undefined) return found;
      } else if ('specifiers' in statement) {
        const specifier = statement.specifiers.find((one) => outerName(one) === name);
        const inner = specifier && innerName(specifier);
        if (inner !== undefined) return this.#find(join(dirname(path), from), inner);
      }
    }
    return undefined;
  }

  #exportsOf(path: string): string[] {
    return this.#source(path).program.body.flatMap((statement) => {
      const from = sourceOf(statement);
      if (statement.type === 'ExportAllDeclaration') {
        return from === undefined ? [] : this.#exportsOf(join(dirname(path), from));
      }
      if (statement.type !== 'ExportNamedDeclaration') return [];
      const own = declaredBy(statement);
      const names = statement.specifiers.flatMap((one) => outerName(one) ?? []);
      return own === undefined ? names : [...names, idOf(own) ?? ''];
    });
  }

  #source(path: string): Source {
    let source = this.#sources.get(path);
    if (source === undefined) {
      const text = readFileSync(path, 'utf8');
      const { program, comments, errors } = parseSync(path, text);
      if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
      this.#sources.set(path, (source = { path, text, program, comments }));
    }
    return source;
  }
}

function commentsBefore({ comments, text }: Source, start: number): Comment[] {
  const last = comments.findLast(({ end }) => end <= start);
  return last !== undefined && text.slice(last.end, start).trim() === '' ? [last] : [];
}

/** Of the statement that declares a function; of its first overload if it has some. */
function startOf({ program }: Source, node: Node): number {
  const name = idOf(node);
  const first = program.body.find((statement) => idOf(declaredBy(statement)) === name);
  return first?.start ?? node.start;
}

function declaredBy(statement: Node): Node | undefined {
  if (statement.type === 'ExportNamedDeclaration') return statement.declaration ?? undefined;
  const isDeclaration = /^(Class|Function|TSInterface|TSDeclareFunction)/.test(statement.type);
  return isDeclaration ? statement : undefined;
}

function idOf(node: Node | undefined): string | undefined {
  if (node === undefined || !('id' in node)) return undefined;
  const id = node.id as Node | null;
  return id?.type === 'Identifier' ? id.name : undefined;
}

/** The module of ours that a statement imports from, or exports from. */
function sourceOf(statement: Node): string | undefined {
  if (!('source' in statement)) return undefined;
  const value = (statement.source as { readonly value?: unknown } | null)?.value;
  return typeof value === 'string' && value.startsWith('.') ? value : undefined;
}

function outerName(specifier: Node): string | undefined {
  if (specifier.type === 'ExportSpecifier') return identifier(specifier.exported);
  return specifier.type === 'ImportSpecifier' ? specifier.local.name : undefined;
}

function innerName(specifier: Node): string | undefined {
  if (specifier.type === 'ExportSpecifier') return identifier(specifier.local);
  return specifier.type === 'ImportSpecifier' ? identifier(specifier.imported) : undefined;
}

function identifier(node: Node): string | undefined {
  return node.type === 'Identifier' ? node.name : undefined;
}

/** The name of a member that users can reach. */
function nameOf(member: Node): string | undefined {
  if (!('key' in member) || ('computed' in member && member.computed)) return undefined;
  if ('accessibility' in member && /private|protected/.test(member.accessibility ?? '')) {
    return undefined;
  }
  if (member.type === 'MethodDefinition' && member.kind === 'constructor') return undefined;
  return identifier(member.key);
}

function isCall(member: Node): boolean {
  if (member.type === 'MethodDefinition') return member.kind === 'method';
  return member.type === 'TSMethodSignature' && member.kind === 'method';
}

function resultOf(member: Node): unknown {
  if (member.type === 'MethodDefinition') return member.value.returnType;
  if (member.type === 'TSMethodSignature') return member.returnType;
  return 'typeAnnotation' in member ? member.typeAnnotation : undefined;
}

/** The names of the types in an annotation: `Promise<Trigger>` names two. */
function typesIn(annotation: unknown): string[] {
  if (typeof annotation !== 'object' || annotation === null) return [];
  if (Array.isArray(annotation)) return annotation.flatMap(typesIn);
  const node = annotation as Node;
  // What a function type takes is for users to give.
  if (node.type === 'TSFunctionType') return [];
  const inner = Object.entries(node).flatMap(([key, part]) =>
    key === 'parent' ? [] : typesIn(part),
  );
  if (node.type !== 'TSTypeReference') return inner;
  const name = identifier(node.typeName);
  return name === undefined ? inner : [name, ...inner];
}
