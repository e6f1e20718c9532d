/** Anything that yields a value. `at` is its offset in the template, `source` how messages show it. */
export type Operand = { at: number; source: string } & (
  | { kind: 'dot' }
  | { kind: 'nil' }
  | { kind: 'constant'; value: string | number | boolean }
  | { kind: 'field'; names: string[] }
  | { kind: 'variable'; name: string; fields: string[] }
  | { kind: 'function'; name: string }
  | { kind: 'pipeline'; pipeline: Pipeline }
  | { kind: 'chain'; operand: Operand; fields: string[] }
);

/** A function or field with its arguments. */
export interface Command {
  at: number;
  source: string;
  operands: Operand[];
}

export interface Pipeline {
  at: number;
  source: string;
  /** `$x :=` or, with `assign`, `$x =` */
  variables: string[];
  assign: boolean;
  commands: Command[];
}

export type TemplateNode = { at: number } & (
  | { kind: 'text'; text: string }
  | { kind: 'action'; pipeline: Pipeline }
  | { kind: 'if' | 'with' | 'range'; pipeline: Pipeline; body: TemplateNode[]; otherwise: TemplateNode[] }
  | { kind: 'break' }
  | { kind: 'continue' }
  | { kind: 'template'; name: string; pipeline?: Pipeline }
);

export interface ParsedTemplate {
  /** the text, for positions in messages */
  text: string;
  body: TemplateNode[];
  /** `{{define}}` and `{{block}}` by name */
  definitions: Map<string, TemplateNode[]>;
}
