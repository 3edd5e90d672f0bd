import type { Holder, Visit, VisitCode } from '../access'

export type PresetName = 'courier' | 'guest' | 'helper' | 'move'

export interface Preset {
  holder: Holder
  purpose: string
  uses: number
  from: number
  to: number
}

const hour = 3_600_000
const dayEnd = (at: number): number => new Date(at).setHours(23, 59, 0, 0)
const dayAt = (at: number, h: number): number => new Date(at).setHours(h, 0, 0, 0)

/** What a household usually needs. A visit lasts at most 24 h, so a helper's code is for one day: today's, or from six
 * in the evening on tomorrow's. */
export function presetOf(name: PresetName, now: number): Preset {
  switch (name) {
    case 'courier': return { holder: 'courier', purpose: 'delivery', uses: 1, from: now, to: now + 2 * hour }
    case 'guest': return { holder: 'visitor', purpose: 'friends', uses: 2, from: now, to: Math.max(dayEnd(now), now + hour) }
    case 'helper': {
      const day = now >= dayAt(now, 18) ? now + 24 * hour : now
      return { holder: 'visitor', purpose: 'helper', uses: 4, from: Math.max(now, dayAt(day, 7)), to: dayAt(day, 20) }
    }
    case 'move': return { holder: 'visitor', purpose: 'move', uses: 10, from: now, to: now + 10 * hour }
  }
}

export const presets: PresetName[] = ['courier', 'guest', 'helper', 'move']

/** A stranger asked at the poster and waits for the host's word. */
export const isAsking = (v: Visit, now: number): boolean => v.state === 'expected' && !v.confirmed_at && Date.parse(v.to_at) > now

export const liveCode = (codes: VisitCode[], visit: Visit): VisitCode | null =>
  codes.find((c) => c.visit_id === visit.id && c.state === 'live') ?? null
