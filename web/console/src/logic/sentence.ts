import type { Alert, Facts } from '../entities'

export type Part = 'title' | 'detail' | 'ask'

export interface Words {
  te(key: string): boolean
  t(key: string, values: Record<string, unknown>): string
  /** The unformatted text, to see which values it needs. */
  raw(key: string): string
}

const needs = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!)

function values(place: string, facts: Facts | null): Record<string, unknown> {
  const out: Record<string, unknown> = { place }
  for (const [name, value] of Object.entries(facts ?? {})) {
    if (value === null) continue
    out[name] = value
  }
  return out
}

/** The sentence with facts; a text whose facts did not come falls back to the one without. */
export function sentence(words: Words, alert: Pick<Alert, 'question' | 'facts' | 'place_label' | 'kind'>, part: Part): string {
  const known = values(alert.place_label, alert.facts)
  const name = words.te(`question.${alert.question}.plain`)
    ? words.t(`question.${alert.question}.plain`, {})
    : alert.kind
  for (const key of [`question.${alert.question}.${part}`, `question.other.${part}`]) {
    if (words.te(key) && needs(words.raw(key)).every((n) => n in known || n === 'name')) {
      return words.t(key, { ...known, name })
    }
  }
  return name
}
