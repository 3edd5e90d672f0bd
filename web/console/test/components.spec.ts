import axe from 'axe-core'
import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick, type Component } from 'vue'
import AlertList from '../src/components/AlertList.vue'
import AppButton from '../src/components/AppButton.vue'
import CandidateCard from '../src/components/CandidateCard.vue'
import ChoiceTiles from '../src/components/ChoiceTiles.vue'
import ClockRing from '../src/components/ClockRing.vue'
import ProblemNote from '../src/components/ProblemNote.vue'
import SeverityMark from '../src/components/SeverityMark.vue'
import StateTag from '../src/components/StateTag.vue'
import TimelineList from '../src/components/TimelineList.vue'
import { Problem } from '../src/api'
import { i18n } from '../src/i18n'
import { now } from '../src/stores/clock'
import { alertOf } from './alerts'

enableAutoUnmount(afterEach)

async function show(component: Component, props: Record<string, unknown>, slots: Record<string, string> = {}) {
  const wrapper = mount(component, { props, slots, global: { plugins: [i18n] }, attachTo: document.body })
  await nextTick()
  const found = await axe.run(wrapper.element.parentElement!, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], rules: { 'color-contrast': { enabled: false }, list: { enabled: false }, listitem: { enabled: false } } })
  expect(found.violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
  return wrapper
}

const alerts = Array.from({ length: 10_000 }, (_, i) => alertOf(`a${i}`))
const listProps = (selected: string) => ({
  items: alerts.map((a) => ({ type: 'alert', id: a.id, member: false })), rows: new Map(alerts.map((a) => [a.id, a])), selected, marked: new Set(),
})

describe('AlertList', () => {
  it('draws few rows of many and tells their place', async () => {
    const list = await show(AlertList, listProps('a0'))
    const rows = list.findAll('[role=option]')
    expect(rows.length).toBeLessThanOrEqual(40)
    expect(rows[0]!.attributes('aria-setsize')).toBe('10000')
    expect(rows[0]!.attributes('aria-posinset')).toBe('1')
    expect(list.find('[role=listbox]').attributes('aria-activedescendant')).toBe('row-a0')
  })

  it('keeps the selected row where it is on the screen when rows are merged above it', async () => {
    const few = alerts.slice(0, 100)
    const items = few.map((a) => ({ type: 'alert', id: a.id, member: false }))
    const rows = new Map(alerts.map((a) => [a.id, a]))
    const list = await show(AlertList, { items, rows, selected: 'a20', marked: new Set() })
    const box = list.find('[role=listbox]').element as HTMLElement
    box.scrollTop = 18 * 64
    const merged = [...alerts.slice(200, 250).map((a) => ({ type: 'alert', id: a.id, member: false })), ...items]
    await list.setProps({ items: merged })
    await nextTick()
    expect(box.scrollTop).toBe((18 + 50) * 64)
  })
})

describe('ClockRing', () => {
  it('says the thresholds once and stops at arrival', async () => {
    const from = new Date(now.value).toISOString()
    const ring = await show(ClockRing, { from, limit: 600, label: 'T-207' })
    expect(ring.find('[role=status]').text()).toBe('')
    now.value += 400_000
    await nextTick()
    expect(ring.classes()).toContain('near')
    expect(ring.find('[role=status]').text()).toContain('T-207')
    now.value += 400_000
    await nextTick()
    expect(ring.classes()).toContain('over')
    await ring.setProps({ stopped_at: new Date(Date.parse(from) + 480_000).toISOString() })
    expect(ring.text()).toContain('08:00')
  })
})

describe('small parts', () => {
  it('a mark tells its severity by shape, digit and name', async () => {
    for (const severity of ['urgent', 'high', 'normal', 'notice']) {
      const mark = await show(SeverityMark, { severity, label: severity })
      expect(mark.attributes('aria-label')).toBe(severity)
    }
  })

  it('a state is a word beside a glyph', async () => {
    expect((await show(StateTag, { state: 'acknowledged', who: '陈晓' })).text()).toContain('已受理')
  })

  it('a refused button stays reachable, says why, and does nothing', async () => {
    const button = await show(AppButton, { refused: '连接中断' }, { default: 'x' })
    await button.trigger('click')
    expect(button.emitted('click')).toBeUndefined()
    expect(button.attributes('aria-disabled')).toBe('true')
    expect(button.text()).toContain('连接中断')
  })

  it('a candidate who rests cannot be sent, and the reason can be read', async () => {
    const candidate = { person_id: 'p', name: '李国强', phone_known: true, can_send: false, reasons: [], shortfalls: [{ code: 'busy', n: 1 }] }
    const card = await show(CandidateCard, { candidate, number: 3, first: false, busy: false, refused: null })
    await card.find('button').trigger('click')
    expect(card.emitted('send')).toBeUndefined()
    expect(card.text()).toContain('不能派')
  })

  it('a conflict names who was faster', async () => {
    const current = { state: 'acknowledged', acked_by_name: '陈晓', acked_at: new Date(now.value - 3000).toISOString() }
    const note = await show(ProblemNote, { problem: new Problem(409, 'wrong_state', 'state', 'r-7', current) })
    expect(note.text()).toContain('陈晓 在 3 秒前已受理')
    expect(note.text()).toContain('r-7')
  })

  it('an unknown code is shown with its request number', async () => {
    const note = await show(ProblemNote, { problem: new Problem(500, 'never_heard', null, 'r-9') })
    expect(note.text()).toContain('never_heard')
    expect(note.text()).toContain('r-9')
  })

  it('tiles are chosen by their key', async () => {
    const tiles = await show(ChoiceTiles, { label: 'x', choices: [{ value: 'true', word: '属实', code: 'KeyT' }, { value: 'useful', word: '有用', code: 'KeyU' }], modelValue: null })
    await tiles.trigger('keydown', { code: 'KeyU' })
    expect(tiles.emitted('update:modelValue')).toEqual([['useful']])
  })

  it('a timeline shows time, step and actor', async () => {
    const lines = [{ at: '2026-03-12T01:05:12Z', what: 'acked', actor_name: '陈晓', detail: {} }, { at: '2026-03-12T01:06:12Z', what: 'closed', actor_name: '陈晓', detail: { outcome: 'useful' } }]
    const list = await show(TimelineList, { lines })
    expect(list.text()).toContain('已受理 · 陈晓')
    expect(list.text()).toContain('不属实但有用')
  })
})
