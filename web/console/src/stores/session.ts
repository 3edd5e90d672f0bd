import { computed, reactive } from 'vue'
import { call, get, onSessionEnd, Problem, post } from '../api'
import type { Me } from '../entities'
import { startLive, stopLive } from './live'

interface Session {
  state: 'unknown' | 'out' | 'in'
  me: Me | null
  /** The session ended under the user's hand, as against never having begun. */
  ended: boolean
  demo: boolean
}

export const session = reactive<Session>({ state: 'unknown', me: null, ended: false, demo: false })

function enter(me: Me): void {
  session.me = me
  session.state = 'in'
  session.ended = false
  session.demo = me.demo
  if (!me.must_change_password) startLive()
}

function leave(ended: boolean): void {
  stopLive()
  session.state = 'out'
  session.ended = ended
}

onSessionEnd(() => {
  if (session.state === 'in') leave(true)
})

export async function loadSession(): Promise<void> {
  try {
    enter(await get<Me>('me'))
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error
    leave(false)
    // The hint is optional: a server without it simply shows none.
    await get<{ demo: boolean }>('session/hint').then((hint) => { session.demo = hint.demo }, () => undefined)
  }
}

export async function renewSession(): Promise<void> {
  enter(await get<Me>('me'))
}

export async function signIn(login: string, password: string): Promise<void> {
  enter(await post<Me>('session', { login, password }))
}

export async function signOut(): Promise<void> {
  await call('DELETE', 'session')
  leave(false)
  session.me = null
}

export async function changePassword(old: string, fresh: string): Promise<void> {
  await post('people/password', { old, new: fresh })
  await renewSession()
}

/** A permission is a word module.entity.verb; a star stands for the rest. */
export function holds(permissions: readonly string[], wanted: string): boolean {
  const parts = wanted.split('.')
  return permissions.some((p) => p === '*' || p === wanted
    || p === `${parts[0]}.*` || p === `${parts[0]}.${parts[1]}.*`)
}

export const can = (permission: string): boolean => holds(session.me?.permissions ?? [], permission)

/** Stands at a gate: the lanes come first. */
export const isGuard = computed(() => can('access.gate') && !can('watch.alert.ack'))
/** A household, and nothing else. */
export const isHost = computed(() => can('access.host') && !can('access.read'))
export const isWorker = computed(() => can('dispatch.work') && !can('watch.alert.ack'))
export const scope = computed(() => session.me?.scope ?? null)
