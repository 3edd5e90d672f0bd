import { computed, reactive, shallowRef } from 'vue'
import { listAll, Problem, read } from '../api'
import type { Alert, Id } from '../entities'
import * as queueing from '../logic/queue'
import { now } from './clock'
import { onChange, type Changes } from './live'

const openStates = 'new,acknowledged,dispatched'
/** Beyond this many changes one list costs less than the single rows. */
const singleReads = 8

const queue = shallowRef<queueing.Queue>(queueing.emptyQueue())

export const alerts = reactive({
  selected: null as Id | null,
  /** Marked by Shift+J for one step on several alerts. */
  marked: new Set<Id>(),
  grouped: false,
  unfolded: new Set<string>(),
  loaded: false,
  problem: null as Problem | null,
})

export const rows = computed(() => queue.value.rows)
export const order = computed(() => queue.value.order)
export const waiting = computed(() => queue.value.waiting)
export const stale = computed(() => queueing.isStale(queue.value))
export const highestWaiting = computed(() => queueing.highestWaiting(queue.value))
export const items = computed(() => queueing.itemsOf(queue.value, alerts.grouped, alerts.unfolded))
export const selectedAlert = computed(() => (alerts.selected ? queue.value.rows.get(alerts.selected) ?? null : null))
export const open = computed(() => [...queue.value.rows.values()].filter(queueing.isOpen))
export const flood = computed(() => queueing.isFlood(open.value, now.value))

/** The oldest urgent alert nobody has taken: it is named in the header. */
export const unansweredUrgent = computed(() =>
  open.value.filter((a) => a.severity === 'urgent' && a.state === 'new').sort(queueing.deskOrder)[0] ?? null)

function select(id: Id | null): void {
  alerts.selected = id
}

/** Groups come with a merge only: between merges nothing in the list moves. */
function stepGroups(): void {
  if (flood.value && !leftFlood) alerts.grouped = true
  if (!flood.value) leftFlood = false
}

let leftFlood = false
export function leaveFlood(): void {
  leftFlood = true
  alerts.grouped = false
}

export async function loadAlerts(): Promise<void> {
  try {
    const fresh = await listAll('watch.alert', { state: openStates, sort: 'desk' })
    const known = queue.value
    const first = !alerts.loaded
    const gone = known.order.filter((id) => !fresh.some((a) => a.id === id))
    const received = queueing.receive(known, fresh)
    queue.value = first ? queueing.merge(received) : received
    alerts.loaded = true
    alerts.problem = null
    if (first) select(queue.value.order[0] ?? null)
    await renew(gone)
    if (first) stepGroups()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    alerts.problem = error
  }
}

async function renew(ids: Iterable<Id>): Promise<void> {
  const settled = await Promise.allSettled([...ids].map((id) => read('watch.alert', id)))
  take(settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : [])))
}

async function changed(changes: Changes): Promise<void> {
  if (!changes.ids || changes.ids.size > singleReads) await loadAlerts()
  else await renew(changes.ids)
}

/** Rows that came from the server: changed where they are, new ones to the strip. */
export function take(alertsIn: Alert[]): void {
  if (alertsIn.length === 0) return
  queue.value = queueing.receive(queue.value, alertsIn)
}

export function mergeNew(): void {
  if (!stale.value) return
  const before = queue.value
  queue.value = queueing.merge(before)
  stepGroups()
  if (alerts.selected && !queue.value.rows.has(alerts.selected)) {
    select(queueing.neighbour(before.order, alerts.selected, new Set(before.order.filter((id) => !queue.value.rows.has(id)))))
  }
  if (!alerts.selected) select(queue.value.order[0] ?? null)
}

/** After the operator's own closing the next row is selected and the closed one leaves. */
export function settle(ids: Id[]): void {
  const next = alerts.selected && ids.includes(alerts.selected)
    ? queueing.neighbour(queue.value.order, alerts.selected, new Set(ids))
    : alerts.selected
  queue.value = queueing.drop(queue.value, ids)
  ids.forEach((id) => alerts.marked.delete(id))
  select(next)
}

/** Opens one alert wherever it stands; a waiting one brings its strip into the list. */
export async function openAlert(id: Id): Promise<void> {
  if (!rows.value.has(id)) await renew([id])
  if (waiting.value.includes(id)) mergeNew()
  if (rows.value.has(id)) select(id)
}

export function move(by: 1 | -1, mark = false): void {
  const ids = items.value.map((i) => i.id)
  const at = alerts.selected ? ids.indexOf(alerts.selected) : -1
  const next = ids[Math.min(ids.length - 1, Math.max(0, at + by))]
  if (!next) return
  if (mark && alerts.selected && rows.value.has(alerts.selected)) {
    alerts.marked.add(alerts.selected)
    if (rows.value.has(next)) alerts.marked.add(next)
  }
  select(next)
}

export { select as selectItem }

export const unfold = (group: string): void => {
  if (!alerts.unfolded.delete(group)) alerts.unfolded.add(group)
}

/** The alerts a step acts on: the marked ones, the group, or the selected one. */
export const targets = computed<Alert[]>(() => {
  if (alerts.marked.size > 0) return [...alerts.marked].flatMap((id) => rows.value.get(id) ?? [])
  const group = items.value.find((i) => i.type === 'group' && i.id === alerts.selected)
  if (group?.type === 'group') return group.ids.flatMap((id) => rows.value.get(id) ?? [])
  return selectedAlert.value ? [selectedAlert.value] : []
})

let stop: (() => void) | null = null

export function startAlerts(): void {
  stop ??= onChange('watch.alert', changed)
  void loadAlerts()
}

export function stopAlerts(): void {
  stop?.()
  stop = null
  queue.value = queueing.emptyQueue()
  Object.assign(alerts, { selected: null, loaded: false, problem: null, grouped: false })
  alerts.marked.clear()
}
