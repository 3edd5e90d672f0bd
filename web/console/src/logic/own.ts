export interface RegisterColumn {
  table: string
  column: string
  class: string | null
  purpose: string | null
  basis: string | null
  keep_days: number
}

export interface HeldTable {
  table: string
  rows: Record<string, unknown>[]
  purpose: string | null
  basis: string | null
  keep_days: number
  /** Columns of any row that hold something, without the machinery. */
  columns: string[]
}

const machinery = new Set(['id', 'version', 'created_at', 'updated_at', 'masked', 'tails', 'place_path', 'person_id'])

/** The export by table, with what the public register says about each; empty tables are left out. */
export function heldOf(data: Record<string, unknown>, register: RegisterColumn[]): HeldTable[] {
  return Object.entries(data).flatMap(([table, rows]) => {
    if (!Array.isArray(rows) || rows.length === 0 || table === 'looks') return []
    const about = register.find((r) => r.table === table)
    const list = rows as Record<string, unknown>[]
    const columns = [...new Set(list.flatMap((r) => Object.keys(r).filter((k) => !machinery.has(k) && r[k] !== null && r[k] !== '' && r[k] !== false)))]
    return [{ table, rows: list, purpose: about?.purpose ?? null, basis: about?.basis ?? null, keep_days: about?.keep_days ?? 0, columns }]
  })
}
