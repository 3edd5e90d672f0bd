import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { call, listAll, post, Problem, serverOffset, step } from '../src/api'
import { holds } from '../src/stores/session'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers })

const fetched = vi.fn<typeof fetch>()
const sent = (n: number): { url: string; headers: Headers; body: string } => {
  const [url, init] = fetched.mock.calls[n]!
  return { url: String(url), headers: init!.headers as Headers, body: String(init!.body) }
}

beforeEach(() => {
  fetched.mockReset()
  vi.stubGlobal('fetch', fetched)
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 50 })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('a write', () => {
  it('carries a key, and the same key again after a lost answer', async () => {
    fetched.mockRejectedValueOnce(new TypeError('lost')).mockResolvedValueOnce(answer(200, { ok: true }))
    await post('watch/alert/x/ack', {})
    expect(fetched).toHaveBeenCalledTimes(2)
    expect(sent(0).headers.get('idempotency-key')).toMatch(/^.{8,64}$/)
    expect(sent(1).headers.get('idempotency-key')).toBe(sent(0).headers.get('idempotency-key'))
  })

  it('gives up after the second loss and says that nothing is known', async () => {
    fetched.mockRejectedValue(new TypeError('lost'))
    const problem = await post('x/y', {}, 'a-fixed-key').catch((e: Problem) => e)
    expect(problem).toBeInstanceOf(Problem)
    expect((problem as Problem).unanswered).toBe(true)
    expect(sent(1).headers.get('idempotency-key')).toBe('a-fixed-key')
  })

  it('names the version it was made on', async () => {
    fetched.mockResolvedValueOnce(answer(200, {}))
    await step('watch.alert', { id: 'x', version: 7 }, 'ack')
    expect(sent(0).url).toBe('/api/watch/alert/x/ack')
    expect(sent(0).headers.get('if-match')).toBe('"7"')
  })

  it('is not repeated when the server refused', async () => {
    fetched.mockResolvedValueOnce(answer(412, { code: 'changed_meanwhile', current: { state: 'acknowledged' }, request: 'r-1' }))
    const problem = await post('x/y', {}).catch((e: Problem) => e) as Problem
    expect(fetched).toHaveBeenCalledTimes(1)
    expect([problem.code, problem.request, problem.conflict]).toEqual(['changed_meanwhile', 'r-1', true])
    expect(problem.current).toEqual({ state: 'acknowledged' })
  })
})

describe('a read', () => {
  it('is not repeated, and an answer without a problem body still has a code', async () => {
    fetched.mockResolvedValueOnce(new Response('<html>', { status: 502 }))
    await expect(call('GET', 'me')).rejects.toMatchObject({ code: 'http_502', status: 502 })
    expect(fetched).toHaveBeenCalledTimes(1)
  })

  it('goes through all pages', async () => {
    fetched.mockResolvedValueOnce(answer(200, { items: [{ id: '1' }], next: 'k' })).mockResolvedValueOnce(answer(200, { items: [{ id: '2' }], next: null }))
    expect(await listAll('watch.alert', { state: 'new' })).toHaveLength(2)
    expect(sent(1).url).toContain('after=k')
  })

  it('sets the clock to server time, whatever the device clock says', async () => {
    const server = Date.now() + 300_000
    fetched.mockResolvedValueOnce(answer(200, {}, { 'server-time': new Date(server).toISOString() }))
    await call('GET', 'me')
    expect(Math.abs(serverOffset.value - 300_000)).toBeLessThan(1000)
  })
})

describe('permissions', () => {
  it('are words; a star stands for the rest', () => {
    expect(holds(['watch.alert.ack'], 'watch.alert.ack')).toBe(true)
    expect(holds(['watch.*'], 'watch.alert.close')).toBe(true)
    expect(holds(['*'], 'sensing.manage')).toBe(true)
    expect(holds(['watch.alert.ack'], 'watch.alert.close')).toBe(false)
  })
})
