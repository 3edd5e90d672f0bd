import type { Alert, Id, Severity } from '../entities'

export const severities: readonly Severity[] = ['urgent', 'high', 'normal']
export const severityLevel: Record<Severity, 1 | 2 | 3> = { urgent: 1, high: 2, normal: 3 }

export const isOpen = (alert: Alert): boolean => alert.state !== 'closed' && alert.merged_into === null

/** Severity, then oldest first; the id settles equal times so that the order is total. */
export function deskOrder(a: Alert, b: Alert): number {
  return severityLevel[a.severity] - severityLevel[b.severity]
    || Date.parse(a.opened_at) - Date.parse(b.opened_at)
    || (a.id < b.id ? -1 : 1)
}

export interface Queue {
  rows: Map<Id, Alert>
  /** What the list shows. It changes only when the operator's hand is away. */
  order: Id[]
  /** New rows that stand in the counted strip. */
  waiting: Id[]
}

export const emptyQueue = (): Queue => ({ rows: new Map(), order: [], waiting: [] })

/** Rows already in the list change where they are; new ones wait. */
export function receive(queue: Queue, alerts: Alert[]): Queue {
  const rows = new Map(queue.rows)
  const shown = new Set(queue.order)
  const waiting = new Set(queue.waiting)
  for (const alert of alerts) {
    const known = rows.get(alert.id)
    if (known && known.version > alert.version) continue
    if (isOpen(alert)) {
      rows.set(alert.id, alert)
      if (!shown.has(alert.id)) waiting.add(alert.id)
    } else if (shown.has(alert.id)) {
      rows.set(alert.id, alert)
    } else {
      rows.delete(alert.id)
      waiting.delete(alert.id)
    }
  }
  return { rows, order: queue.order, waiting: [...waiting] }
}

export function merge(queue: Queue): Queue {
  const open = [...queue.rows.values()].filter(isOpen).sort(deskOrder)
  return { rows: new Map(open.map((a) => [a.id, a])), order: open.map((a) => a.id), waiting: [] }
}

/** The operator's own closing leaves the list at once. */
export function drop(queue: Queue, ids: Id[]): Queue {
  const gone = new Set(ids)
  const rows = new Map(queue.rows)
  for (const id of gone) rows.delete(id)
  return {
    rows,
    order: queue.order.filter((id) => !gone.has(id)),
    waiting: queue.waiting.filter((id) => !gone.has(id)),
  }
}

/** Is there anything a merge would change? */
export const isStale = (queue: Queue): boolean =>
  queue.waiting.length > 0 || queue.order.some((id) => !isOpen(queue.rows.get(id)!))

export function highestWaiting(queue: Queue): Severity | null {
  const levels = queue.waiting.map((id) => queue.rows.get(id)!.severity)
  return severities.find((s) => levels.includes(s)) ?? null
}

/** After a row left, its successor; at the end, its predecessor. */
export function neighbour(order: Id[], id: Id, gone: ReadonlySet<Id> = new Set([id])): Id | null {
  const at = order.indexOf(id)
  const after = order.slice(at + 1).find((other) => !gone.has(other))
  return after ?? order.slice(0, Math.max(at, 0)).reverse().find((other) => !gone.has(other)) ?? null
}

export const floodLimit = 10
const floodWindow = 600_000

export const isFlood = (alerts: Iterable<Alert>, now: number): boolean => {
  let n = 0
  for (const a of alerts) if (now - Date.parse(a.opened_at) <= floodWindow) n++
  return n > floodLimit
}

export type QueueItem =
  | { type: 'alert'; id: Id; member: boolean }
  | { type: 'group'; id: string; ids: Id[]; open: boolean }

const groupOf = (a: Alert): string => `${a.rule_id ?? a.kind}@${a.place_id}`

/** In a flood: rule × place in one row with its count, every urgent alert single. */
export function itemsOf(queue: Queue, grouped: boolean, unfolded: ReadonlySet<string>): QueueItem[] {
  if (!grouped) return queue.order.map((id) => ({ type: 'alert', id, member: false }))
  const groups = new Map<string, Id[]>()
  for (const id of queue.order) {
    const alert = queue.rows.get(id)!
    const key = alert.severity === 'urgent' ? id : groupOf(alert)
    groups.set(key, [...(groups.get(key) ?? []), id])
  }
  const items: QueueItem[] = []
  for (const [key, ids] of groups) {
    if (ids.length === 1) {
      items.push({ type: 'alert', id: ids[0]!, member: false })
      continue
    }
    const open = unfolded.has(key)
    items.push({ type: 'group', id: key, ids, open })
    if (open) items.push(...ids.map((id): QueueItem => ({ type: 'alert', id, member: true })))
  }
  return items
}

/** The rows a fixed-height list has to draw. */
export function visibleRange(scrollTop: number, height: number, row: number, n: number, spare = 6): [number, number] {
  const first = Math.max(0, Math.floor(scrollTop / row) - spare)
  const last = Math.min(n, Math.ceil((scrollTop + height) / row) + spare)
  return [first, last]
}
