import type { BoardLane, Occupancy, Opening } from '../access'
import { isTyping } from './keys'

export type LaneAction = 'admit' | 'refuse' | 'host' | 'open' | 'back'

/** The keys of the lanes; F1 to F8 choose one. */
export const laneKeys: { action: LaneAction; code: string; cap: string }[] = [
  { action: 'admit', code: 'Enter', cap: 'Enter' },
  { action: 'refuse', code: 'KeyR', cap: 'R' },
  { action: 'host', code: 'KeyH', cap: 'H' },
  { action: 'open', code: 'KeyO', cap: 'O' },
  { action: 'back', code: 'Escape', cap: 'Esc' },
]

export const refuseReasons = ['not_expected', 'host_refused', 'no_answer', 'not_this_vehicle', 'over_time', 'other'] as const

/** Number of the lane (from 0) or an action; null: not for us. Enter on another button is that button's. */
export function laneStroke(event: KeyboardEvent): { lane: number } | { action: LaneAction } | null {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.repeat) return null
  if (event.target instanceof Element && event.target.closest('[role=dialog]')) return null
  const lane = /^F([1-8])$/.exec(event.code)
  if (lane) return { lane: Number(lane[1]) - 1 }
  if (isTyping(event.target)) return null
  const code = event.code === 'NumpadEnter' ? 'Enter' : event.code
  const key = laneKeys.find((k) => k.code === code)
  if (!key) return null
  if (key.action === 'admit' && event.target instanceof Element && event.target.closest('button, a[href], summary, [role=tab]')) return null
  return { action: key.action }
}

export type OpeningWord = 'sent' | 'opened' | 'no_answer'

/** An order that ended without the lane's word is one without an answer. */
export function openingWord(opening: Pick<Opening, 'state' | 'until_at'>, now: number): OpeningWord {
  if (opening.state === 'opened') return 'opened'
  return opening.state === 'over' || Date.parse(opening.until_at) <= now ? 'no_answer' : 'sent'
}

/** Beyond 100 the last digit would pretend. */
export function occupancyFigure(o: Pick<Occupancy, 'inside' | 'unsure'>): { n: number; by: number } {
  if (o.unsure === 0) return { n: o.inside, by: 0 }
  const step = o.unsure >= 100 ? 100 : o.unsure >= 10 ? 10 : 1
  return { n: Math.round(o.inside / step) * step, by: Math.ceil(o.unsure / step) * step }
}

const tidy = (plate: string): string => plate.toUpperCase().replace(/[\s·.\-]/g, '')

/** Where what was typed differs from what the camera read; null: nothing typed yet. */
export function plateDiffers(read: string, typed: string): number[] | null {
  const a = [...tidy(read)]
  const b = [...tidy(typed)]
  if (b.length === 0) return null
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).filter((i) => a[i] !== b[i]).map((i) => i + 1)
}

/** Eight digits as they are read aloud. */
export const codeText = (code: string): string => code.replace(/^(\d{4})(\d{4})$/, '$1-$2')

/** The path of "a place" is a prefix of the paths below it: either way round they touch. */
export const touches = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

export const lanesOf = (lanes: BoardLane[], path: string): BoardLane[] => lanes.filter((l) => touches(l.place_path, path))
