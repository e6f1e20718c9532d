import { executionFailure, FunctionError } from './errors.js';
import { printValue } from './format.js';
import type { TemplateFunction } from './functions.js';
import type { Command, Operand, ParsedTemplate, Pipeline, TemplateNode } from './nodes.js';
import { GoStruct, isTrue, mapEntries, NIL, typeName } from './values.js';

export interface ExecuteOptions {
  functions: ReadonlyMap<string, TemplateFunction>;
  /** a key that a map does not have is an error; otherwise it prints `<no value>` */
  missingKey: 'error' | 'default';
}

/** Templates that call one another without end. */
const MAX_DEPTH = 1000;
const BREAK = Symbol('break');
const CONTINUE = Symbol('continue');
type Jump = typeof BREAK | typeof CONTINUE | undefined;
/** No value was piped in. */
const NOTHING = Symbol('nothing');

class Executor {
  readonly output: string[] = [];
  readonly #scopes: { name: string; value: unknown }[] = [];
  #depth = 0;

  constructor(
    readonly template: ParsedTemplate,
    readonly options: ExecuteOptions,
  ) {}

  run(data: unknown): string {
    this.#scopes.push({ name: '$', value: data });
    this.#list(this.template.body, data);
    return this.output.join('');
  }

  #error(node: { at: number; source: string }, message: string): Error {
    return executionFailure(this.template.text, node, message);
  }

  #list(nodes: readonly TemplateNode[], dot: unknown): Jump {
    for (const node of nodes) {
      const jump = this.#node(node, dot);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #node(node: TemplateNode, dot: unknown): Jump {
    switch (node.kind) {
      case 'text':
        this.output.push(node.text);
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.output.push(printValue(value));
        return undefined;
      }
      case 'break':
        return BREAK;
      case 'continue':
        return CONTINUE;
      case 'template':
        this.#template(node, dot);
        return undefined;
      case 'range':
        return this.#scoped(() => this.#range(node.pipeline, node.body, node.otherwise, dot));
      default:
        return this.#scoped(() => {
          const value = this.#pipeline(node.pipeline, dot);
          if (isTrue(value)) return this.#list(node.body, node.kind === 'with' ? value : dot);
          return this.#list(node.otherwise, dot);
        });
    }
  }

  /** Variables that `action` declares end with it. */
  #scoped(action: () => Jump): Jump {
    const outer = this.#scopes.length;
    const jump = action();
    this.#scopes.length = outer;
    return jump;
  }

  #template(node: TemplateNode & { kind: 'template' }, dot: unknown): void {
    const body = this.template.definitions.get(node.name);
    const place = { at: node.at, source: `{{template ${JSON.stringify(node.name)}}}` };
    if (body === undefined) throw this.#error(place, `template ${JSON.stringify(node.name)} not defined`);
    if (++this.#depth > MAX_DEPTH) throw this.#error(place, 'exceeded maximum template depth');
    const value = node.pipeline === undefined ? undefined : this.#pipeline(node.pipeline, dot);
    const saved = this.#scopes.splice(0, this.#scopes.length, { name: '$', value });
    this.#list(body, value);
    this.#scopes.splice(0, this.#scopes.length, ...saved);
    this.#depth--;
  }

  #range(pipeline: Pipeline, body: TemplateNode[], otherwise: TemplateNode[], dot: unknown): Jump {
    const value = this.#pipeline({ ...pipeline, variables: [] }, dot);
    const items = this.#items(value, pipeline);
    if (items.length === 0) return this.#list(otherwise, dot);
    for (const [key, item] of items) {
      const jump = this.#scoped(() => {
        this.#bindLoop(pipeline, key, item);
        return this.#list(body, item);
      });
      if (jump === BREAK) break;
    }
    return undefined;
  }

  #bindLoop({ variables, assign }: Pipeline, key: unknown, item: unknown): void {
    const [first, second] = variables;
    const bind = (name: string, value: unknown) =>
      assign ? this.#assign(name, value) : this.#scopes.push({ name, value });
    if (first !== undefined) bind(first, second === undefined ? item : key);
    if (second !== undefined) bind(second, item);
  }

  #items(value: unknown, node: Pipeline): [unknown, unknown][] {
    if (value === undefined || value === null || value === NIL) return [];
    if (Array.isArray(value)) return value.map((item, index): [unknown, unknown] => [index, item]);
    if (typeof value === 'number' && Number.isInteger(value)) {
      return Array.from({ length: Math.max(0, value) }, (_, index): [unknown, unknown] => [index, index]);
    }
    const entries = value instanceof GoStruct ? undefined : mapEntries(value);
    if (entries === undefined) throw this.#error(node, `range can't iterate over ${printValue(value)}`);
    return entries;
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown = NOTHING;
    for (const command of pipeline.commands) value = this.#command(command, dot, value);
    for (const name of pipeline.variables) {
      if (pipeline.assign) this.#assign(name, value);
      else this.#scopes.push({ name, value });
    }
    return value;
  }

  #assign(name: string, value: unknown): void {
    const found = this.#scopes.findLast(scope => scope.name === name);
    if (found !== undefined) found.value = value;
  }

  #command(command: Command, dot: unknown, piped: unknown): unknown {
    const [first, ...rest] = command.operands;
    if (first === undefined) return undefined;
    const operands = () => [
      ...rest.map(operand => this.#operand(operand, dot)),
      ...(piped === NOTHING ? [] : [piped]),
    ];
    if (first.kind === 'function') return this.#function(first, rest, dot, piped);
    if (first.kind === 'field') return this.#fields(dot, first.names, first, operands);
    if (first.kind === 'chain')
      return this.#fields(this.#operand(first.operand, dot), first.fields, first, operands);
    if (first.kind === 'variable' && first.fields.length > 0) {
      return this.#fields(this.#variable(first.name), first.fields, first, operands);
    }
    if (first.kind === 'nil') throw this.#error(first, 'nil is not a command');
    if (rest.length > 0 || piped !== NOTHING)
      throw this.#error(rest[0] ?? first, `can't give argument to non-function ${first.source}`);
    return this.#operand(first, dot);
  }

  #operand(operand: Operand, dot: unknown): unknown {
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      case 'constant':
        return operand.value;
      case 'field':
        return this.#fields(dot, operand.names, operand, () => []);
      case 'variable':
        return this.#fields(this.#variable(operand.name), operand.fields, operand, () => []);
      case 'function':
        return this.#function(operand, [], dot, NOTHING);
      case 'pipeline':
        return this.#pipeline(operand.pipeline, dot);
      case 'chain':
        return this.#fields(this.#operand(operand.operand, dot), operand.fields, operand, () => []);
    }
  }

  #variable(name: string): unknown {
    return this.#scopes.findLast(scope => scope.name === name)?.value;
  }

  #function(node: Operand & { kind: 'function' }, rest: Operand[], dot: unknown, piped: unknown): unknown {
    if (node.name === 'and' || node.name === 'or') return this.#lazy(node, rest, dot, piped);
    const implementation = this.options.functions.get(node.name);
    if (implementation === undefined)
      throw this.#error(node, `${JSON.stringify(node.name)} is not a defined function`);
    const operands = rest.map(operand => this.#operand(operand, dot));
    if (piped !== NOTHING) operands.push(piped);
    return this.#call(node, node.name, implementation, operands);
  }

  /** `and` gives the first that is false, `or` the first that is true, else the last; the rest is not looked at. */
  #lazy(node: Operand & { kind: 'function' }, rest: Operand[], dot: unknown, piped: unknown): unknown {
    const stopAt = node.name === 'or';
    let value: unknown = NOTHING;
    for (const operand of rest) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === stopAt) return value;
    }
    if (piped !== NOTHING) value = piped;
    if (value === NOTHING)
      throw this.#error(node, `wrong number of args for ${node.name}: want at least 1 got 0`);
    return value;
  }

  #call(
    node: { at: number; source: string },
    name: string,
    implementation: TemplateFunction,
    operands: unknown[],
  ): unknown {
    try {
      return implementation(...operands);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      throw this.#error(
        node,
        error.message.startsWith('error calling') ? error.message : `error calling ${name}: ${error.message}`,
      );
    }
  }

  /** A chain of fields; the operands go to the last. */
  #fields(start: unknown, names: readonly string[], node: Operand, operands: () => unknown[]): unknown {
    let value = start;
    for (const [index, name] of names.entries()) {
      const given = index === names.length - 1 ? operands() : [];
      value = this.#field(value, name, node, given);
    }
    return value;
  }

  #field(receiver: unknown, name: string, node: Operand, operands: unknown[]): unknown {
    const found = this.#member(receiver, name, node);
    if (typeof found === 'function') return this.#call(node, name, found as TemplateFunction, operands);
    if (operands.length > 0)
      throw this.#error(node, `${name} has arguments but cannot be invoked as function`);
    return found;
  }

  #member(receiver: unknown, name: string, node: Operand): unknown {
    if (receiver === NIL) throw this.#error(node, `nil pointer evaluating *struct.${name}`);
    if (receiver === undefined || receiver === null) {
      if (this.options.missingKey === 'default') return undefined;
      throw this.#error(node, `nil data; no entry for key ${JSON.stringify(name)}`);
    }
    if (receiver instanceof GoStruct) {
      const field = receiver.field(name);
      if (field === undefined)
        throw this.#error(node, `can't evaluate field ${name} in type ${receiver.type}`);
      return field.value;
    }
    const map = receiver instanceof Map || isPlainObject(receiver);
    if (!map) throw this.#error(node, `can't evaluate field ${name} in type ${typeName(receiver)}`);
    const has = receiver instanceof Map ? receiver.has(name) : Object.hasOwn(receiver, name);
    if (has)
      return receiver instanceof Map ? receiver.get(name) : (receiver as Record<string, unknown>)[name];
    if (this.options.missingKey === 'error')
      throw this.#error(node, `map has no entry for key ${JSON.stringify(name)}`);
    return undefined;
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && mapEntries(value) !== undefined && !Array.isArray(value)
  );
}

/**
 * Applies a parsed template to data.
 *
 * @throws UsageError `USAGE_TEMPLATE_FIELD`
 */
export function executeTemplate(template: ParsedTemplate, data: unknown, options: ExecuteOptions): string {
  return new Executor(template, options).run(data);
}
