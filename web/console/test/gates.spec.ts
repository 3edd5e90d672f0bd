import axe from 'axe-core'
import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { BoardLane, Emergency, Pass } from '../src/access'
import EmergencyBar from '../src/components/gates/EmergencyBar.vue'
import HoldButton from '../src/components/gates/HoldButton.vue'
import LaneCard from '../src/components/gates/LaneCard.vue'
import { i18n } from '../src/i18n'
import { codeText, laneStroke, occupancyFigure, openingWord, plateDiffers, touches } from '../src/logic/gates'

enableAutoUnmount(afterEach)
const global = { plugins: [i18n] }

async function clean(element: Element): Promise<void> {
  const found = await axe.run(element, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], rules: { 'color-contrast': { enabled: false } } })
  expect(found.violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
}

const press = (code: string, target: Element = document.body, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = new KeyboardEvent('keydown', { code, bubbles: true, ...more })
  Object.defineProperty(event, 'target', { value: target })
  return event
}

describe('keys of the lanes', () => {
  it('F1 to F8 choose, letters act, F9 is not ours', () => {
    expect(laneStroke(press('F1'))).toEqual({ lane: 0 })
    expect(laneStroke(press('F8'))).toEqual({ lane: 7 })
    expect(laneStroke(press('F9'))).toBeNull()
    expect(laneStroke(press('KeyR'))).toEqual({ action: 'refuse' })
    expect(laneStroke(press('NumpadEnter'))).toEqual({ action: 'admit' })
  })

  it('nobody is admitted by Enter on another button, by a held key, or while text is typed', () => {
    expect(laneStroke(press('Enter', document.createElement('button')))).toBeNull()
    expect(laneStroke(press('Enter', document.body, { repeat: true }))).toBeNull()
    expect(laneStroke(press('KeyO', document.createElement('input')))).toBeNull()
    expect(laneStroke(press('KeyO', document.body, { isComposing: true }))).toBeNull()
  })
})

describe('what a lane says', () => {
  it('an order is sent, opened, or without an answer; opened late is opened', () => {
    const until_at = '2026-03-01T09:00:15Z'
    const at = Date.parse(until_at)
    expect(openingWord({ state: 'sent', until_at }, at - 1)).toBe('sent')
    expect(openingWord({ state: 'sent', until_at }, at)).toBe('no_answer')
    expect(openingWord({ state: 'over', until_at }, at - 1)).toBe('no_answer')
    expect(openingWord({ state: 'opened', until_at }, at + 1)).toBe('opened')
  })

  it('a number is no finer than what is known of it', () => {
    expect(occupancyFigure({ inside: 1243, unsure: 27 })).toEqual({ n: 1240, by: 30 })
    expect(occupancyFigure({ inside: 1243, unsure: 0 })).toEqual({ n: 1243, by: 0 })
    expect(occupancyFigure({ inside: 7, unsure: 2 })).toEqual({ n: 7, by: 2 })
    expect(occupancyFigure({ inside: 5321, unsure: 140 })).toEqual({ n: 5300, by: 200 })
  })

  it('a plate as typed against the plate as read, whatever the dots', () => {
    expect(plateDiffers('赣A12345', '')).toBeNull()
    expect(plateDiffers('赣A12345', '赣a·12345')).toEqual([])
    expect(plateDiffers('赣A12345', '赣A17345')).toEqual([4])
    expect(plateDiffers('赣AD12345', '赣AD1234')).toEqual([8])
  })

  it('places touch when one lies in the other', () => {
    expect(touches('a.b.', 'a.')).toBe(true)
    expect(touches('a.', 'a.b.')).toBe(true)
    expect(touches('a.b.', 'a.c.')).toBe(false)
    expect(codeText('01234567')).toBe('0123-4567')
  })
})

describe('HoldButton', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })
  const key = (b: ReturnType<typeof mount>) => b.trigger('click', { detail: 0 })

  it('a touch opens nothing, a second of it does, once', async () => {
    const button = mount(HoldButton, { global })
    await button.trigger('pointerdown', { button: 0 })
    vi.advanceTimersByTime(900)
    await button.trigger('pointerup')
    vi.advanceTimersByTime(2000)
    expect(button.emitted('fire')).toBeUndefined()
    await button.trigger('pointerdown', { button: 0 })
    vi.advanceTimersByTime(1000)
    await button.trigger('pointerup')
    await button.trigger('click', { detail: 1 })
    expect(button.emitted('fire')).toHaveLength(1)
  })

  it('Enter twice within two seconds opens, later it arms again', async () => {
    const button = mount(HoldButton, { global })
    await key(button)
    vi.advanceTimersByTime(2001)
    await key(button)
    expect(button.emitted('fire')).toBeUndefined()
    await key(button)
    expect(button.emitted('fire')).toHaveLength(1)
  })

  it('refused says why and does nothing', async () => {
    const button = mount(HoldButton, { props: { refused: '连接中断' }, global })
    await key(button)
    await key(button)
    await button.trigger('pointerdown', { button: 0 })
    vi.advanceTimersByTime(1500)
    expect(button.emitted('fire')).toBeUndefined()
    expect(button.text()).toContain('连接中断')
  })
})

const pass: Pass = { seq: 4, method: 'card', verdict: 'refuse', reason: 'expired', direction: 'in', device_at: '2026-03-01T09:00:00Z', is_late: true }
const lane: BoardLane = {
  lane_id: 'l1', name: '北门 1', door_id: 'd1', door_name: '北门', place_path: 'a.b.', direction: 'in', is_on: true, mode: 'normal', alarm: 'calm', alarm_until: null,
  contact: 'forced', contact_at: '2026-03-01T09:00:00Z', waiting: 0, codes_closed_until: null, wrong_codes: 0, passes: [],
}
const card = (more: Partial<BoardLane>) => mount(LaneCard, { props: { lane: { ...lane, ...more }, waits: [], number: 0, chosen: false }, global, attachTo: document.body })

describe('LaneCard', () => {
  it('tells door, direction and the last pass in words, and that a pass came late', async () => {
    const shown = card({ passes: [pass] })
    await nextTick()
    for (const text of ['进', '门被强行打开', '未放行', '卡 · 已过期', '补传']) expect(shown.text()).toContain(text)
    await clean(shown.element.parentElement!)
  })

  it('without passes says so; a lane that is off cannot be opened', () => {
    const shown = card({ is_on: false })
    expect(shown.text()).toContain('近期无通行')
    expect(shown.find('.hold').attributes('aria-disabled')).toBe('true')
  })

  it('closed code entry names its end and what still works, and is gone after it', () => {
    expect(card({ codes_closed_until: new Date(Date.now() + 60_000).toISOString() }).text()).toContain('刷卡和手机照常')
    expect(card({ codes_closed_until: new Date(Date.now() - 3_600_000).toISOString() }).find('[data-unlock]').exists()).toBe(false)
  })
})

describe('EmergencyBar', () => {
  const of = { id: 'e', version: 1, created_at: '', updated_at: '', place_id: 'p', place_path: 'a.', kind: 'evacuation', reason: '3 栋火情', until_at: '2026-03-01T10:00:00Z', state: 'on' } as Emergency

  it('an evacuation and a lockdown differ in words and in shape; names only in the first', async () => {
    const out = mount(EmergencyBar, { props: { of, place: '京泰花园', lists: true }, global, attachTo: document.body })
    const shut = mount(EmergencyBar, { props: { of: { ...of, kind: 'lockdown' }, place: '京泰花园', lists: true }, global })
    expect(out.text()).toContain('疏散：京泰花园')
    expect(shut.text()).toContain('封闭：京泰花园')
    expect(out.find('path').attributes('d')).not.toBe(shut.find('path').attributes('d'))
    expect(out.find('[data-muster]').exists()).toBe(true)
    expect(shut.find('[data-muster]').exists()).toBe(false)
    await clean(out.element.parentElement!)
  })
})
