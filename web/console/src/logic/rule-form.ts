/** The parts of a rule's definition that the sentence shows as fields. */
export interface RulePart {
  path: string
  name: string
  type: 'seconds' | 'number' | 'severity'
  least: number
  most: number
}

const month = 31 * 86_400
const parts: RulePart[] = [
  { path: 'severity', name: 'severity', type: 'severity', least: 0, most: 0 },
  { path: 'for_s', name: 'for_s', type: 'seconds', least: 1, most: 366 * 86_400 },
  { path: 'count', name: 'count', type: 'number', least: 2, most: 256 },
  { path: 'window_s', name: 'window_s', type: 'seconds', least: 1, most: month },
  { path: 'within_s', name: 'within_s', type: 'seconds', least: 1, most: month },
  { path: 'cooldown_s', name: 'cooldown_s', type: 'seconds', least: 0, most: month },
  { path: 'merge_s', name: 'merge_s', type: 'seconds', least: 0, most: month },
  { path: 'limit.n', name: 'limit_n', type: 'number', least: 1, most: 1000 },
  { path: 'limit.per_s', name: 'limit_per_s', type: 'seconds', least: 1, most: month },
]

type Json = Record<string, unknown>

export function valueAt(definition: Json, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as Json | undefined)?.[name], definition)
}

export function withValue(definition: Json, path: string, value: unknown): Json {
  const copy = JSON.parse(JSON.stringify(definition)) as Json
  const names = path.split('.')
  const last = names.pop()!
  const node = names.reduce<Json>((n, name) => n[name] as Json, copy)
  node[last] = value
  return copy
}

export const partsOf = (definition: Json): RulePart[] => parts.filter((p) => valueAt(definition, p.path) !== undefined)

/** What changed from one definition to another, line by line of their JSON text. */
export function changedLines(before: Json, after: Json): { gone: string[]; came: string[] } {
  const lines = (of: Json): string[] => JSON.stringify(of, null, 1).split('\n').map((l) => l.trim().replace(/,$/, ''))
  const [old, fresh] = [lines(before), lines(after)]
  return { gone: old.filter((l) => !fresh.includes(l)), came: fresh.filter((l) => !old.includes(l)) }
}

/** "definition.when.all[1].field" → the line of the JSON text where it stands, from 1. */
export function lineOf(text: string, path: string): number | null {
  const names = path.replace(/^definition\.?/, '').split(/[.[\]]+/).filter((n) => n && !/^\d+$/.test(n))
  const lines = text.split('\n')
  let at = 0
  for (const name of names) {
    const next = lines.findIndex((line, i) => i >= at && line.includes(`"${name}"`))
    if (next < 0) return null
    at = next
  }
  return names.length ? at + 1 : null
}
