import { get } from '../api'
import type { ReportForm } from '../entities'

const storeName = (kind: string): string => `jiuan.form.${kind}`

export function keptForm(kind: string): ReportForm | null {
  try {
    return JSON.parse(localStorage.getItem(storeName(kind)) ?? 'null')
  } catch {
    return null
  }
}

/** The questions of a report, kept so that they are there at a door without network. */
export async function loadForm(kind: string): Promise<ReportForm> {
  try {
    const fresh = await get<ReportForm>('dispatch/form', { kind })
    localStorage.setItem(storeName(kind), JSON.stringify(fresh))
    return fresh
  } catch (error) {
    const kept = keptForm(kind)
    if (kept) return kept
    throw error
  }
}
