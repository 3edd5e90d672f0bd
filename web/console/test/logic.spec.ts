import { describe, expect, it } from 'vitest'
import { boundsOf, placeAt, projector, widened } from '../src/logic/geo'
import { deskKeys, strokeOf } from '../src/logic/keys'
import { asLeft, nextToSend, pauseAfter, restored, type OutboxEntry } from '../src/logic/outbox'
import { legMark, ringState } from '../src/logic/ring'
import { lineOf, partsOf, withValue } from '../src/logic/rule-form'
import { sentence } from '../src/logic/sentence'
import { ageOf, clockText, wallNear } from '../src/logic/time'
import { ringDue } from '../src/logic/tones'
import { sentenceWords } from '../src/i18n'
import type { PlaceCollection, Task } from '../src/entities'
import { alertOf } from './alerts'

describe('the clock ring', () => {
  const from = Date.parse('2026-03-12T01:05:00Z')
  const at = (s: number) => ringState(from, 600, from + s * 1000)

  it('is thin below six minutes, thick to ten, broken after', () => {
    expect([0, 359, 360, 600, 601].map((s) => at(s).band)).toEqual(['under', 'under', 'near', 'near', 'over'])
    expect(at(680).left_s).toBe(-80)
    expect(at(300).fraction).toBe(0.5)
    expect(ringState(from, 600, from - 5000).elapsed_s).toBe(0)
  })

  it('marks the legs that lie on it', () => {
    expect(legMark(from, 600, from + 150_000)).toBe(0.25)
    expect(legMark(from, 600, from + 700_000)).toBeNull()
  })
})

describe('time', () => {
  it('is told as minutes and seconds, then hours', () => {
    expect([41, 149, 3725].map(clockText)).toEqual(['00:41', '02:29', '1:02:05'])
    expect(ageOf(0, 7_200_000)).toEqual({ unit: 'hours', n: 2 })
  })

  it('names the day only when it is not today', () => {
    const now = new Date(2026, 2, 12, 9, 7).getTime()
    expect(wallNear(new Date(2026, 2, 12, 9, 5).getTime(), now)).toBe('09:05')
    expect(wallNear(new Date(2026, 2, 9, 9, 1).getTime(), now)).toBe('03-09 09:01')
  })
})

describe('the keys', () => {
  const press = (code: string, init: KeyboardEventInit = {}, target?: HTMLElement) => {
    const event = new KeyboardEvent('keydown', { code, key: 'Process', bubbles: true, ...init })
    let stroke: ReturnType<typeof strokeOf> = null
    const element = target ?? document.body
    document.body.append(target ?? '')
    element.addEventListener('keydown', (e) => { stroke = strokeOf(e) }, { once: true })
    element.dispatchEvent(event)
    return stroke as ReturnType<typeof strokeOf>
  }

  it('are read by code, also while a Chinese input method names the letter "Process"', () => {
    expect(press('KeyA')?.action).toBe('acknowledge')
    expect(press('Digit3')).toEqual({ action: 'send', digit: 3 })
    expect(press('Slash', { shiftKey: true })?.action).toBe('help')
    expect(press('KeyJ', { shiftKey: true })?.action).toBe('select_next')
  })

  it('do nothing in text, during composition, or with a modifier', () => {
    expect(press('KeyA', {}, document.createElement('input'))).toBeNull()
    expect(press('KeyA', {}, document.createElement('textarea'))).toBeNull()
    expect(press('KeyA', { isComposing: true })).toBeNull()
    expect(press('KeyA', { ctrlKey: true })).toBeNull()
    expect(press('Enter', {}, document.createElement('button'))).toBeNull()
  })

  it('have one binding each', () => {
    const bound = deskKeys.flatMap((k) => k.codes.map((c) => `${c}${k.shift ? '+' : ''}`))
    expect(new Set(bound).size).toBe(bound.length)
  })
})

describe('the question', () => {
  it('is a sentence of the facts', () => {
    expect(sentence(sentenceWords.value, alertOf('a'), 'title')).toBe('3-2-501：72 小时未见')
    expect(sentence(sentenceWords.value, alertOf('a', { question: 'e_bike_inside', facts: { zone: 'lobby' }, place_label: '4 栋' }), 'detail')).toBe('4 栋')
  })

  it('does without facts that did not come, and without a known code', () => {
    expect(sentence(sentenceWords.value, alertOf('a', { facts: null }), 'title')).toBe('独居未见')
    expect(sentence(sentenceWords.value, alertOf('a', { question: 'x', kind: '西门围栏' }), 'ask')).toContain('西门围栏')
  })
})

describe('the sound', () => {
  it('rings urgent every 20 s, high twice, normal never', () => {
    expect(ringDue('urgent', 0, 0, 0)).toBe(true)
    expect(ringDue('urgent', 5, 0, 19_999)).toBe(false)
    expect(ringDue('urgent', 5, 0, 20_000)).toBe(true)
    expect(ringDue('high', 1, 0, 60_000)).toBe(true)
    expect(ringDue('high', 2, 0, 600_000)).toBe(false)
    expect(ringDue('normal', 0, 0, 0)).toBe(false)
  })
})

describe('the outbox', () => {
  const entry = (row_id: string, verb: string, state: OutboxEntry['state']): OutboxEntry => ({
    key: `${row_id}-${verb}`, entity: 'dispatch.task', row_id, about: 'T-1', verb, body: {}, made_at: '2026-03-12T01:13:00Z', sent_at: null, tries: 0, state, problem: null,
  })

  it('keeps the order of one task and stops behind a returned step', () => {
    expect(nextToSend([entry('t', 'accept', 'sent'), entry('t', 'start', 'waiting')])?.verb).toBe('start')
    expect(nextToSend([entry('t', 'accept', 'returned'), entry('t', 'start', 'waiting'), entry('u', 'accept', 'waiting')])?.row_id).toBe('u')
  })

  it('shows the task as the worker left it', () => {
    const task = { id: 't', state: 'accepted', arrived_at: null } as Task
    const left = asLeft(task, [entry('t', 'start', 'waiting'), entry('t', 'arrive', 'waiting')])
    expect(left.state).toBe('arrived')
    expect(left.arrived_at).toBe('2026-03-12T01:13:00Z')
    expect(asLeft(task, [entry('t', 'start', 'returned')]).state).toBe('accepted')
    expect(asLeft(task, [entry('t', 'start', 'sent')]).state).toBe('on_the_way')
    expect(asLeft({ ...task, state: 'cancelled' }, [entry('t', 'start', 'waiting')]).state).toBe('cancelled')
  })

  it('forgets nothing that is not delivered', () => {
    const later = Date.parse('2026-03-14T00:00:00Z')
    expect(restored([entry('t', 'start', 'sending'), entry('t', 'accept', 'sent')], later).map((e) => e.state)).toEqual(['waiting'])
    expect([1, 2, 9].map(pauseAfter)).toEqual([2000, 4000, 60_000])
  })
})

describe('a rule as fields', () => {
  const definition = { kind: 'dwell', severity: 'high', for_s: 300, limit: { n: 60, per_s: 3600 } }
  it('shows the parts it has and changes only them', () => {
    expect(partsOf(definition).map((p) => p.path)).toEqual(['severity', 'for_s', 'limit.n', 'limit.per_s'])
    expect(withValue(definition, 'limit.n', 5)).toEqual({ ...definition, limit: { n: 5, per_s: 3600 } })
    expect(definition.limit.n).toBe(60)
  })
  it('finds the line an error speaks of', () => {
    expect(lineOf(JSON.stringify(definition, null, 2), 'definition.limit.per_s')).toBe(7)
    expect(lineOf('{}', 'definition.x')).toBeNull()
  })
})

describe('the map', () => {
  const box = (w: number) => ({ type: 'Polygon' as const, coordinates: [[[115, 28], [115 + w, 28], [115 + w, 28 + w], [115, 28]]] })
  const feature = (id: string, path: string, w: number) => ({ type: 'Feature' as const, geometry: box(w), properties: { id, kind: 'building', code: id, name: id, label: id, path } })
  const places: PlaceCollection = { type: 'FeatureCollection', features: [feature('c', '36.1.', 0.1), feature('b', '36.1.3.', 0.01)] }

  it('lets the nearest place above stand for a dwelling', () => {
    expect(placeAt(places, '36.1.3.2.501.')?.properties.id).toBe('b')
    expect(placeAt(places, '36.1.9.')?.properties.id).toBe('c')
    expect(placeAt(places, '37.')).toBeNull()
  })
  it('fits its bounds into the window', () => {
    const bounds = widened(boundsOf([[115, 28]])!, 0.002)
    const [x, y] = projector(bounds, 400, 250)([115, 28])
    expect(Math.round(x)).toBe(200)
    expect(Math.round(y)).toBe(125)
  })
})
