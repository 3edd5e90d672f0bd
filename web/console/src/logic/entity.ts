import type { Row } from '../entities'

export type FieldType = 'id' | 'ref' | 'text' | 'path' | 'json' | 'enum' | 'int' | 'real' | 'flag' | 'time'

/** As GET /api/describe tells it. */
export interface FieldDescription {
  name: string
  type: FieldType
  class: 'P0' | 'P1' | 'P2' | 'P3'
  required: boolean
  writable: boolean
  at_creation: boolean
  filter: boolean
  min?: number
  max?: number
  words?: string[]
  target?: string
}

export interface StepDescription {
  verb: string
  from: string[]
  to: string | null
  takes: string[]
  allowed: boolean
}

export interface EntityDescription {
  entity: string
  create: boolean
  update: boolean
  reveal: boolean
  state: string | null
  keep_days: number
  fields: FieldDescription[]
  sorts: string[]
  steps: StepDescription[]
}

export type AnyRow = Row & Record<string, unknown> & { tails?: Record<string, string> }

const inner = new Set(['id', 'version', 'created_at', 'updated_at', 'place_path', 'masked', 'tails'])

export const isPersonal = (f: FieldDescription): boolean => f.class === 'P2' || f.class === 'P3'

/** The word of a field's title: who said so is another source than a device's. */
export const titleOf = (f: FieldDescription): string => (f.name === 'source' && f.type === 'enum' ? 'said_by' : f.name)

export const isMasked = (row: AnyRow, name: string): boolean => row.masked?.includes(name) ?? false

/** What a table shows when nobody says: facts, not ids; personal fields with an end to tell them by come along masked. */
export function columnsOf(entity: EntityDescription, wanted?: string[]): FieldDescription[] {
  if (wanted) return wanted.flatMap((name) => entity.fields.filter((f) => f.name === name))
  return entity.fields.filter((f) => !inner.has(f.name) && f.type !== 'ref' && f.type !== 'json' && f.type !== 'path' && !isPersonal(f)).slice(0, 7)
}

export const filtersOf = (entity: EntityDescription): FieldDescription[] =>
  entity.fields.filter((f) => f.filter && (f.type === 'enum' || f.type === 'flag'))

/** Fields a form asks for: at creation, or later. References are chosen elsewhere unless they are places. */
export function inputsOf(entity: EntityDescription, row: AnyRow | null, leave: readonly string[] = []): FieldDescription[] {
  return entity.fields.filter((f) => (row ? f.writable : f.at_creation) && !inner.has(f.name) && !leave.includes(f.name)
    && (f.type !== 'ref' || f.target === 'places.place'))
}

export const stepsOf = (entity: EntityDescription, row: AnyRow): StepDescription[] =>
  entity.state ? entity.steps.filter((s) => s.allowed && s.from.includes(String(row[entity.state!]))) : []

/** The field a step takes, and whether it may be left out. */
export function takesOf(entity: EntityDescription, step: StepDescription): (FieldDescription & { optional: boolean })[] {
  return step.takes.flatMap((name) => {
    const optional = name.startsWith('?')
    const field = entity.fields.find((f) => f.name === (optional ? name.slice(1) : name))
    return field ? [{ ...field, optional }] : []
  })
}

export type Input = string | boolean

/** A code of why the text is not acceptable, null when it is. */
export function faultOf(f: FieldDescription, input: Input, needed = f.required): string | null {
  if (typeof input === 'boolean') return null
  const text = input.trim()
  if (text === '') return needed ? 'required' : null
  const n = [...text].length
  if (f.type === 'text' && (n < (f.min ?? 0) || n > (f.max ?? Infinity))) return 'wrong_length'
  if (f.type === 'int' || f.type === 'real') {
    const value = Number(text)
    if (!Number.isFinite(value) || (f.type === 'int' && !Number.isInteger(value))) return 'wrong_type'
    if (value < (f.min ?? -Infinity) || value > (f.max ?? Infinity)) return 'out_of_range'
  }
  if (f.type === 'time' && Number.isNaN(Date.parse(text))) return 'bad_time'
  if (f.type === 'json') {
    try {
      JSON.parse(text)
    } catch {
      return 'bad_json'
    }
  }
  return null
}

/** The value to send; undefined: leave it out. */
export function valueOf(f: FieldDescription, input: Input): unknown {
  if (typeof input === 'boolean') return input
  const text = input.trim()
  if (text === '') return undefined
  if (f.type === 'int' || f.type === 'real') return Number(text)
  if (f.type === 'time') return new Date(text).toISOString()
  return f.type === 'json' ? JSON.parse(text) : text
}

/** Only what was given, or changed. */
export function bodyOf(fields: FieldDescription[], inputs: Record<string, Input>, before: Record<string, Input> = {}): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const f of fields) {
    const input = inputs[f.name]
    if (input === undefined || input === before[f.name]) continue
    const value = valueOf(f, input)
    if (value !== undefined) body[f.name] = value
    else if (before[f.name]) body[f.name] = null
  }
  return body
}
