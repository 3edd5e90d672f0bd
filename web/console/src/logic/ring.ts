export type RingBand = 'under' | 'near' | 'over'

export interface RingState {
  elapsed_s: number
  left_s: number
  /** Part of the circle that is gone, 0 … 1. */
  fraction: number
  band: RingBand
}

const nearFrom = 0.6

export function ringState(from: number, limit_s: number, at: number): RingState {
  const elapsed = Math.max(0, Math.floor((at - from) / 1000))
  const fraction = limit_s > 0 ? Math.min(1, elapsed / limit_s) : 1
  const band = elapsed > limit_s ? 'over' : elapsed >= limit_s * nearFrom ? 'near' : 'under'
  return { elapsed_s: elapsed, left_s: limit_s - elapsed, fraction, band }
}

/** Where a leg ends on the ring, 0 … 1; legs outside the limit are not drawn. */
export function legMark(from: number, limit_s: number, at: number): number | null {
  const fraction = (at - from) / 1000 / limit_s
  return fraction > 0 && fraction < 1 ? fraction : null
}
