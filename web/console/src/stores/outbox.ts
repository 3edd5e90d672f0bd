import { computed, reactive } from 'vue'
import { newKey, post, Problem } from '../api'
import { nextToSend, pauseAfter, restored, type OutboxEntry } from '../logic/outbox'
import { serverNow } from './clock'

const storeName = 'jiuan.outbox'

function stored(): OutboxEntry[] {
  try {
    return restored(JSON.parse(localStorage.getItem(storeName) ?? '[]'), Date.now())
  } catch {
    return []
  }
}

export const outbox = reactive({ entries: stored() })
const keep = (): void => localStorage.setItem(storeName, JSON.stringify(outbox.entries))

export const unsent = computed(() => outbox.entries.filter((e) => e.state !== 'sent'))

let running = false
let timer: ReturnType<typeof setTimeout> | undefined
let onSent: (entry: OutboxEntry) => void = () => undefined

/** Sends one after the other; a lost answer is asked again with the same key. */
async function drain(): Promise<void> {
  if (running) return
  running = true
  clearTimeout(timer)
  try {
    for (let entry = nextToSend(outbox.entries); entry; entry = nextToSend(outbox.entries)) {
      if (!(await send(entry))) {
        timer = setTimeout(drain, pauseAfter(entry.tries))
        return
      }
    }
  } finally {
    running = false
  }
}

async function send(entry: OutboxEntry): Promise<boolean> {
  entry.state = 'sending'
  entry.tries++
  keep()
  try {
    await post(`${entry.entity.replace('.', '/')}/${entry.row_id}/${entry.verb}`, entry.body, entry.key)
    entry.state = 'sent'
    entry.sent_at = new Date(serverNow()).toISOString()
    keep()
    onSent(entry)
    return true
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const later = error.unanswered || error.status === 401 || error.status === 429 || error.status >= 500
    entry.state = later ? 'waiting' : 'returned'
    entry.problem = error.code
    keep()
    return !later
  }
}

export function put(step: Pick<OutboxEntry, 'entity' | 'row_id' | 'about' | 'verb' | 'body'>): void {
  outbox.entries.push({ ...step, key: newKey(), made_at: new Date(serverNow()).toISOString(), sent_at: null, tries: 0, state: 'waiting', problem: null })
  keep()
  void drain()
}

/** A returned step is given up by the person who made it, never by the program. */
export function discard(key: string): void {
  outbox.entries = outbox.entries.filter((e) => e.key !== key)
  keep()
  void drain()
}

export function startOutbox(sent: (entry: OutboxEntry) => void): () => void {
  onSent = sent
  window.addEventListener('online', drain)
  void drain()
  return () => {
    window.removeEventListener('online', drain)
    clearTimeout(timer)
    onSent = () => undefined
  }
}
