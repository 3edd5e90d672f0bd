import { computed, reactive } from 'vue'
import { byHand, get, onLocked, post } from '../api'
import type { Me } from '../entities'
import { now } from './clock'
import { session } from './session'

/** How long before its end a session warns; a seat's desk locks without one, its queue goes on. */
const warnBefore = 120_000
/** Requests later than this after the last hand are the page's own. */
const handWithin = 30_000

const hand = reactive({ at: Date.now() })

byHand(() => Date.now() - hand.at < handWithin)
onLocked(() => { if (session.me) session.me.locked = true })

function touched(): void {
  // What ends the warning also tells the server, at once.
  if (warning.value) void get<Me>('me').catch(() => undefined)
  hand.at = Date.now()
}
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
  document.addEventListener(kind, () => { if (!locked.value) touched() }, { capture: true, passive: true })
}

export const locked = computed(() => session.state === 'in' && Boolean(session.me?.locked))
const limit = computed(() => (session.state === 'in' && session.me?.idle_s ? session.me.idle_s * 1000 : null))
// The shared clock ticks once a second; it carries the device's own time here.
const idleFor = computed(() => (now.value ? Math.max(0, Date.now() - hand.at) : 0))
export const leftMs = computed(() => (limit.value === null ? null : Math.max(0, limit.value - idleFor.value)))

/** The session ends soon: one key keeps it. */
export const warning = computed(() =>
  !session.me?.seat && leftMs.value !== null && leftMs.value <= warnBefore && leftMs.value > 0)
/** Nobody touched this seat: time to lock. */
export const due = computed(() => Boolean(session.me?.seat) && !locked.value && leftMs.value === 0)

export async function lockSeat(): Promise<void> {
  if (session.me) session.me.locked = true
  await post('session/lock', {}).catch(() => undefined)
}

export async function unlockSeat(password: string, key: string): Promise<void> {
  await post('session/unlock', { password }, key)
  hand.at = Date.now()
  session.me = await get<Me>('me')
}

/** For a session that has just begun. */
export function startIdle(): void {
  hand.at = Date.now()
}
