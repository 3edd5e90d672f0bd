const two = (n: number): string => String(n).padStart(2, '0')

/** 41 → 00:41, 149 → 02:29, 3725 → 1:02:05, two days → 2 d by the caller's words. */
export function clockText(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const hours = Math.floor(s / 3600)
  const rest = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

export interface Age {
  unit: 'seconds' | 'minutes' | 'hours' | 'days'
  n: number
}

export function ageOf(from: number, now: number): Age {
  const s = Math.max(0, Math.floor((now - from) / 1000))
  if (s < 60) return { unit: 'seconds', n: s }
  if (s < 3600) return { unit: 'minutes', n: Math.floor(s / 60) }
  if (s < 172_800) return { unit: 'hours', n: Math.floor(s / 3600) }
  return { unit: 'days', n: Math.floor(s / 86_400) }
}

const dayOf = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`

export const wallSeconds = (at: string | number): string => {
  const d = new Date(at)
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

export const wallMinutes = (at: string | number): string => wallSeconds(at).slice(0, 5)

export const wallDay = (at: string | number): string => dayOf(new Date(at))

export const wallFull = (at: string | number): string => `${wallDay(at)} ${wallSeconds(at)}`

/** The time of day, with the date in front when it is not today. */
export function wallNear(at: string | number, now: number, seconds = false): string {
  const time = seconds ? wallSeconds(at) : wallMinutes(at)
  const day = wallDay(at)
  return day === wallDay(now) ? time : `${day.slice(5)} ${time}`
}

/** For <input type="datetime-local">. */
export const localInput = (at: number): string => `${wallDay(at)}T${wallMinutes(at)}`

export const instantOf = (local: string): string => new Date(local).toISOString()
