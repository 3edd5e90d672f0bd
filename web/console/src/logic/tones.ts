import type { Severity } from '../entities'

/** When a severity rings: seconds between rings until acknowledged, and how often at most. */
const pattern: Record<Severity, { every_s: number; times: number; tones: number[] } | null> = {
  urgent: { every_s: 20, times: Infinity, tones: [880, 660] },
  high: { every_s: 60, times: 2, tones: [660] },
  normal: null,
}

export const tonesOf = (severity: Severity): number[] => pattern[severity]?.tones ?? []

/** Is a ring due, when `rung` rings happened and the last one was at `last`? */
export function ringDue(severity: Severity, rung: number, last: number, now: number): boolean {
  const p = pattern[severity]
  if (!p || rung >= p.times) return false
  return rung === 0 || now - last >= p.every_s * 1000
}
