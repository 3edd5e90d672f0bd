import type { Task, TaskState } from '../entities'

export type OutboxState = 'waiting' | 'sending' | 'sent' | 'returned'

export interface OutboxEntry {
  key: string
  entity: string
  row_id: string
  /** What the person recognises: the task's number. */
  about: string
  verb: string
  body: Record<string, unknown>
  made_at: string
  sent_at: string | null
  tries: number
  state: OutboxState
  problem: string | null
}

const keptFor = 86_400_000
const firstPause = 2000
const longestPause = 60_000

export const pauseAfter = (tries: number): number => Math.min(longestPause, firstPause * 2 ** Math.max(0, tries - 1))

/** Steps of one row keep their order; behind a returned one nothing of that row goes. */
export function nextToSend(entries: OutboxEntry[]): OutboxEntry | null {
  const stopped = new Set<string>()
  for (const entry of entries) {
    if (entry.state === 'returned') stopped.add(entry.row_id)
    else if ((entry.state === 'waiting' || entry.state === 'sending') && !stopped.has(entry.row_id)) return entry
  }
  return null
}

/** After a restart nothing is on its way any more; sent ones leave after a day. */
export function restored(entries: OutboxEntry[], now: number): OutboxEntry[] {
  return entries
    .filter((e) => e.state !== 'sent' || now - Date.parse(e.sent_at ?? e.made_at) < keptFor)
    .map((e) => (e.state === 'sending' ? { ...e, state: 'waiting' as const } : e))
}

const leadsTo: Record<string, TaskState> = {
  accept: 'accepted', refuse: 'refused', start: 'on_the_way', arrive: 'arrived', report: 'reported',
}

/** A task only goes forward; the desk's own words stand last. */
const forward: TaskState[] = ['offered', 'accepted', 'on_the_way', 'arrived', 'reported', 'refused', 'reviewed', 'closed', 'expired', 'cancelled']

/** The task as the worker left it: the list may be older than a step that waits or was just delivered. */
export function asLeft(task: Task, entries: OutboxEntry[]): Task {
  return entries
    .filter((e) => e.row_id === task.id && e.state !== 'returned')
    .reduce<Task>((t, e) => {
      const to = leadsTo[e.verb]
      if (!to || forward.indexOf(to) <= forward.indexOf(t.state)) return t
      return { ...t, state: to, arrived_at: e.verb === 'arrive' ? t.arrived_at ?? e.made_at : t.arrived_at }
    }, task)
}
