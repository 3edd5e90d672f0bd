import type { Device } from '../entities'

export interface CameraWords { legal_basis: string; sign_record: string; field_of_view: string; filed_on: string }
const needed = ['legal_basis', 'sign_record', 'field_of_view'] as const

/** What is missing before a camera may run, in the order people are asked. */
export const missingOf = (d: Device): (typeof needed)[number][] => needed.filter((name) => !d[name]?.trim())

export const cameraWords = (d: Device): CameraWords => ({
  legal_basis: d.legal_basis ?? '', sign_record: d.sign_record ?? '', field_of_view: d.field_of_view ?? '',
  filed_on: d.filed_at?.slice(0, 10) ?? '',
})

/** Empty texts are taken away, not stored empty. */
export function cameraBody(words: CameraWords): Partial<Device> {
  const text = (v: string): string | null => v.trim() || null
  return {
    legal_basis: text(words.legal_basis), sign_record: text(words.sign_record), field_of_view: text(words.field_of_view),
    filed_at: words.filed_on ? `${words.filed_on}T00:00:00Z` : null,
  }
}

export const daysSince = (at: string, now: number): number => Math.max(0, Math.floor((now - Date.parse(at)) / 86_400_000))
