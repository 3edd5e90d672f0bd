import { shallowRef } from 'vue'
import type { EntityName, EntityRows, Id, Instant, Page, Row } from './entities'
import type { ImportAnswer } from './logic/import'

/** An RFC 9457 problem; `code` picks the words, `network` and `timeout` are our own codes. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly field: string | null = null,
    readonly request: string | null = null,
    readonly current: unknown = null,
    readonly detail: string | null = null,
    readonly retryAfter: number | null = null,
  ) {
    super(code)
    this.name = 'Problem'
  }

  /** Nothing is known about the effect: the same key may be sent again. */
  get unanswered(): boolean {
    return this.status === 0
  }

  get conflict(): boolean {
    return this.status === 409 || this.status === 412
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'
type Query = Record<string, string | number | null | undefined>

interface CallOptions {
  query?: Query
  body?: unknown
  /** Instead of `body`: a file as it is, of this `type`; a table when it says none. */
  text?: string
  type?: string
  version?: number
  key?: string
  signal?: AbortSignal
}

const answerWithin = 15_000
const retryPause = 600

/** Server clock minus device clock, in milliseconds. */
export const serverOffset = shallowRef(0)
/** Server time of the last answer: what the page shows is at most this old. */
export const lastAnswerAt = shallowRef<number | null>(null)

let sessionEnded: () => void = () => undefined
export function onSessionEnd(handler: () => void): void {
  sessionEnded = handler
}

let hand: () => boolean = () => true
/** Tells requests of a hand from those the page makes by itself: only the first keep a session young. */
export function byHand(asked: () => boolean): void {
  hand = asked
}

let deskLocked: () => void = () => undefined
export function onLocked(handler: () => void): void {
  deskLocked = handler
}

export const newKey = (): string => crypto.randomUUID?.() ?? randomKey()

// randomUUID exists on secure origins only; a node on a LAN address may be plain http.
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}

/** How far off the estimate may be: half the round trip it was made by. */
let trust = Infinity

/**
 * An answer only tells the server's clock within half its round trip. A quicker one is better; a slower one counts
 * only where it contradicts: one slow answer must not move every clock on the page.
 */
function noteServerTime(header: string | null, sentAt: number): void {
  const time = header ? Date.parse(header) : NaN
  if (Number.isNaN(time)) return
  const receivedAt = Date.now()
  const half = (receivedAt - sentAt) / 2
  const offset = time - (sentAt + receivedAt) / 2
  if (half <= trust || Math.abs(offset - serverOffset.value) > half + trust) {
    serverOffset.value = offset
    trust = half
  } else {
    trust *= 1.05 // clocks drift: what is old is worth less
  }
  lastAnswerAt.value = time
}

async function problemOf(answer: Response): Promise<Problem> {
  const request = answer.headers.get('x-request-id')
  const retryAfter = Number(answer.headers.get('retry-after')) || null
  try {
    const body = await answer.json()
    return new Problem(
      answer.status, body.code ?? `http_${answer.status}`, body.field ?? null,
      body.request ?? request, body.current ?? null, body.detail ?? null, retryAfter,
    )
  } catch {
    return new Problem(answer.status, `http_${answer.status}`, null, request, null, null, retryAfter)
  }
}

function address(path: string, query?: Query): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') words.set(name, String(value))
  }
  const text = words.toString()
  return `/api/${path}${text ? `?${text}` : ''}`
}

async function attempt(method: Method, url: string, headers: Headers, options: CallOptions): Promise<Response> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), answerWithin)
  const stop = (): void => limit.abort()
  options.signal?.addEventListener('abort', stop)
  const sentAt = Date.now()
  try {
    const body = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
    const answer = await fetch(url, { method, headers, body, signal: limit.signal, credentials: 'same-origin' })
    noteServerTime(answer.headers.get('server-time'), sentAt)
    return answer
  } catch (error) {
    if (options.signal?.aborted) throw error
    throw new Problem(0, limit.signal.aborted ? 'timeout' : 'network')
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', stop)
  }
}

/** One call. A write that got no answer is sent once more with the same key. */
async function send(method: Method, path: string, options: CallOptions): Promise<Response> {
  const headers = new Headers({ accept: 'application/json' })
  if (options.body !== undefined) headers.set('content-type', 'application/json')
  if (options.text !== undefined) headers.set('content-type', options.type ?? 'text/csv')
  if (options.version !== undefined) headers.set('if-match', `"${options.version}"`)
  if (!hand()) headers.set('background', '1')
  if (method !== 'GET') headers.set('idempotency-key', options.key ?? newKey())
  const url = address(path, options.query)

  let answer: Response
  try {
    answer = await attempt(method, url, headers, options)
  } catch (error) {
    if (method === 'GET' || !(error instanceof Problem) || error.code !== 'network') throw error
    await new Promise((done) => setTimeout(done, retryPause))
    answer = await attempt(method, url, headers, options)
  }
  if (!answer.ok) {
    const problem = await problemOf(answer)
    if (problem.code === 'seat_locked') deskLocked()
    if (problem.status === 401 && path !== 'session') sessionEnded()
    throw problem
  }
  return answer
}

export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const answer = await send(method, path, options)
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

const pathOf = (entity: EntityName): string => entity.replace('.', '/')

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>('GET', path, { query, signal })

export const post = <T>(path: string, body: unknown, key?: string): Promise<T> =>
  call<T>('POST', path, { body, key })

export const list = <E extends EntityName>(entity: E, query: Query = {}): Promise<Page<EntityRows[E]>> =>
  get<Page<EntityRows[E]>>(pathOf(entity), query)

/** Every page of a list, up to `most` rows. */
export async function listAll<E extends EntityName>(entity: E, query: Query = {}, most = 10_000): Promise<EntityRows[E][]> {
  const rows: EntityRows[E][] = []
  let after: string | null = null
  do {
    const page: Page<EntityRows[E]> = await list(entity, { limit: 200, ...query, after })
    rows.push(...page.items)
    after = page.next
  } while (after && rows.length < most)
  return rows
}

export const read = <E extends EntityName>(entity: E, id: Id): Promise<EntityRows[E]> =>
  get<EntityRows[E]>(`${pathOf(entity)}/${id}`)

export const create = <E extends EntityName>(entity: E, body: Partial<EntityRows[E]>, key?: string): Promise<EntityRows[E]> =>
  post<EntityRows[E]>(pathOf(entity), body, key)

export const change = <E extends EntityName>(entity: E, row: Row, body: Partial<EntityRows[E]>, key?: string): Promise<EntityRows[E]> =>
  call<EntityRows[E]>('PATCH', `${pathOf(entity)}/${row.id}`, { body, version: row.version, key })

/** A file as the body, as it is; the answer also when it is a refusal with a report. */
export async function sendFile<T>(path: string, query: Query, text: string, type: string): Promise<T> {
  const headers = new Headers({ accept: 'application/json', 'content-type': type, 'idempotency-key': newKey() })
  let answer: Response
  try {
    answer = await fetch(address(path, query), { method: 'POST', headers, body: text, credentials: 'same-origin' })
  } catch {
    throw new Problem(0, 'network')
  }
  const body = answer.headers.get('content-type')?.includes('json') ? await answer.clone().json() : null
  if (!answer.ok && body?.code !== 'rows_refused') throw await problemOf(answer)
  return body as T
}

/** A state step: POST /api/<module>/<entity>/{id}/<verb>. */
export const step = <E extends EntityName>(
  entity: E, row: Pick<Row, 'id' | 'version'>, verb: string, input: object = {}, key?: string,
): Promise<EntityRows[E]> =>
  call<EntityRows[E]>('POST', `${pathOf(entity)}/${row.id}/${verb}`, { body: input, version: row.version, key })

export const importRegister = (query: Query, text: string, key?: string): Promise<ImportAnswer> =>
  call<ImportAnswer>('POST', 'people/import', { query, text, key })

export interface Reason {
  purpose: string
  reason: string
}

/** The address of a closed file, good for some minutes; the reason is on disk before it arrives. */
export const openFile = (id: Id, why: Partial<Reason>, key?: string): Promise<{ url: string; until: Instant }> =>
  post(`files/file/${id}/open`, why, key)

/** The reason is on disk before the values arrive. */
export const reveal = (entity: EntityName, id: Id, fields: string[], why: Reason, key?: string): Promise<Record<string, string | Instant | null>> =>
  post(`${pathOf(entity)}/${id}/reveal`, { fields, ...why }, key)

/** A list as a CSV file with the list's own filters and order; at most 10,000 rows. */
export async function exportList(entity: EntityName, query: Query, why: Reason, key?: string): Promise<{ name: string; blob: Blob }> {
  const answer = await send('POST', `${pathOf(entity)}/export`, { query, body: why, key })
  const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1]
  return { name: name ?? `${entity}.csv`, blob: await answer.blob() }
}
