import { reactive } from 'vue'
import { lastAnswerAt } from '../api'
import type { EntityName, Id, LiveChange } from '../entities'
import { serverNow } from './clock'

export interface Changes {
  /** Ids that changed, or null when everything may have changed. */
  ids: Set<Id> | null
  verbs: Set<string>
}

type Handler = (changes: Changes) => void

export const live = reactive({
  open: false,
  /** Server time of the moment the feed was lost. */
  lost_at: null as number | null,
})

const batchPause = 150
const entities: EntityName[] = [
  'watch.alert', 'watch.rule', 'watch.silence', 'dispatch.task', 'dispatch.shift', 'dispatch.handover', 'dispatch.attempt', 'dispatch.mark', 'dispatch.calendar', 'sensing.device', 'sensing.gap',
  'access.lane', 'access.wait', 'access.opening', 'access.emergency', 'access.visit', 'access.code', 'access.parcel',
]

const handlers = new Map<EntityName, Set<Handler>>()
const pending = new Map<EntityName, Changes>()
let stream: EventSource | null = null
let timer: ReturnType<typeof setTimeout> | undefined
/** A stream that was given up takes its place in the feed with it: the next one begins with everything anew. */
let gap = false

function flush(): void {
  timer = undefined
  const batch = [...pending]
  pending.clear()
  for (const [entity, changes] of batch) handlers.get(entity)?.forEach((handle) => handle(changes))
}

function later(): void {
  timer ??= setTimeout(flush, batchPause)
}

function note(change: LiveChange): void {
  const entity = change.entity as EntityName
  const waiting = pending.get(entity) ?? { ids: new Set<Id>(), verbs: new Set<string>() }
  waiting.ids?.add(change.id)
  waiting.verbs.add(change.verb)
  pending.set(entity, waiting)
  lastAnswerAt.value = serverNow()
  later()
}

export function reloadAll(): void {
  for (const entity of entities) pending.set(entity, { ids: null, verbs: new Set() })
  later()
}

function opened(): void {
  live.open = true
  live.lost_at = null
  lastAnswerAt.value = serverNow()
  if (gap) reloadAll()
  gap = false
}

function lost(): void {
  live.open = false
  live.lost_at ??= serverNow()
  // The browser resumes a broken stream by itself; a refused one it gives up.
  if (stream?.readyState === EventSource.CLOSED) {
    stopLive()
    gap = true
    setTimeout(startLive, 5000)
  }
}

export function startLive(): void {
  if (stream || typeof EventSource === 'undefined') return
  stream = new EventSource('/api/live')
  stream.addEventListener('open', opened)
  stream.addEventListener('error', lost)
  stream.addEventListener('hello', opened)
  stream.addEventListener('reset', reloadAll)
  for (const entity of entities) {
    stream.addEventListener(entity, (event) => note(JSON.parse((event as MessageEvent<string>).data)))
  }
}

export function stopLive(): void {
  stream?.close()
  stream = null
  live.open = false
}

/** Tells of changes to an entity; the answer ends it. */
export function onChange(entity: EntityName, handle: Handler): () => void {
  const set = handlers.get(entity) ?? new Set<Handler>()
  handlers.set(entity, set)
  set.add(handle)
  return () => set.delete(handle)
}
