import { describe, expect, it } from 'vitest'
import * as q from '../src/logic/queue'
import { alertOf } from './alerts'

const at = (minutes: number): string => new Date(Date.UTC(2026, 2, 12, 1, minutes)).toISOString()
const ids = (queue: q.Queue): string[] => queue.order

function queueOf(...alerts: ReturnType<typeof alertOf>[]): q.Queue {
  return q.merge(q.receive(q.emptyQueue(), alerts))
}

describe('the order of the desk', () => {
  it('is severity, then oldest first', () => {
    const queue = queueOf(
      alertOf('n1', { severity: 'normal', opened_at: at(0) }),
      alertOf('h2', { severity: 'high', opened_at: at(9) }),
      alertOf('h1', { severity: 'high', opened_at: at(3) }),
      alertOf('u1', { severity: 'urgent', opened_at: at(12) }),
    )
    expect(ids(queue)).toEqual(['u1', 'h1', 'h2', 'n1'])
  })
})

describe('new rows', () => {
  const first = queueOf(alertOf('a'), alertOf('b'))

  it('wait in the strip and do not move the list', () => {
    const fifty = Array.from({ length: 50 }, (_, i) => alertOf(`new${i}`, { severity: 'urgent' }))
    const queue = q.receive(first, fifty)
    expect(ids(queue)).toEqual(ids(first))
    expect(queue.waiting).toHaveLength(50)
    expect(q.highestWaiting(queue)).toBe('urgent')
    expect(ids(q.merge(queue))).toHaveLength(52)
    expect(q.merge(queue).waiting).toHaveLength(0)
  })

  it('that close before they were merged vanish from the strip', () => {
    const queue = q.receive(q.receive(first, [alertOf('c')]), [alertOf('c', { version: 2, state: 'closed' })])
    expect(queue.waiting).toEqual([])
    expect(q.isStale(queue)).toBe(false)
  })
})

describe('rows in the list', () => {
  const first = queueOf(alertOf('a'), alertOf('b'), alertOf('c'))

  it('change where they are; one closed elsewhere stays until the merge', () => {
    const queue = q.receive(first, [alertOf('b', { version: 2, state: 'closed' })])
    expect(ids(queue)).toEqual(['a', 'b', 'c'])
    expect(q.isStale(queue)).toBe(true)
    expect(ids(q.merge(queue))).toEqual(['a', 'c'])
  })

  it('are not overwritten by an older version', () => {
    const newer = q.receive(first, [alertOf('a', { version: 3, state: 'acknowledged' })])
    expect(q.receive(newer, [alertOf('a', { version: 2 })]).rows.get('a')!.state).toBe('acknowledged')
  })

  it('leave at once when the operator closes them, and the next is selected', () => {
    expect(ids(q.drop(first, ['b']))).toEqual(['a', 'c'])
    expect(q.neighbour(first.order, 'b')).toBe('c')
    expect(q.neighbour(first.order, 'c')).toBe('b')
    expect(q.neighbour(['a'], 'a')).toBeNull()
  })
})

describe('a flood', () => {
  const now = Date.parse(at(10))
  const many = Array.from({ length: 11 }, (_, i) => alertOf(`m${i}`, { opened_at: at(9), severity: 'normal' }))

  it('begins above ten in ten minutes', () => {
    expect(q.isFlood(many.slice(0, 10), now)).toBe(false)
    expect(q.isFlood(many, now)).toBe(true)
    expect(q.isFlood(many, now + 600_001)).toBe(false)
  })

  it('groups rule × place and leaves urgent ones single', () => {
    const queue = queueOf(...many, alertOf('u', { severity: 'urgent' }), alertOf('x', { place_id: 'p2', severity: 'normal', opened_at: at(9) }))
    const closed = q.itemsOf(queue, true, new Set())
    expect(closed.map((i) => i.type)).toEqual(['alert', 'group', 'alert'])
    expect(closed[0]!.id).toBe('u')
    expect(q.itemsOf(queue, true, new Set([closed[1]!.id]))).toHaveLength(3 + 11)
    expect(q.itemsOf(queue, false, new Set())).toHaveLength(13)
  })
})

describe('the virtual list', () => {
  it('draws at most 40 rows of 10,000', () => {
    const [first, last] = q.visibleRange(320_000, 640, 64, 10_000)
    expect(first).toBeLessThanOrEqual(5000)
    expect(last).toBeGreaterThanOrEqual(5010)
    expect(last - first).toBeLessThanOrEqual(40)
  })

})
