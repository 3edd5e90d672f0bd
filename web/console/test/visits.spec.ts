import axe from 'axe-core'
import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { IssuedCode, Visit } from '../src/access'
import CodeCard from '../src/components/visits/CodeCard.vue'
import { i18n } from '../src/i18n'
import { qrOf } from '../src/logic/qr'
import { isAsking, presetOf, presets } from '../src/logic/visits'

enableAutoUnmount(afterEach)
const hour = 3_600_000
const clock = (text: string): number => new Date(text).getTime()

describe('presets of a household', () => {
  it('a courier has two hours and one use', () => {
    expect(presetOf('courier', 0)).toEqual({ holder: 'courier', purpose: 'delivery', uses: 1, from: 0, to: 2 * hour })
  })

  it('whatever the hour, a window lies ahead and within the 24 h a visit may last', () => {
    for (let h = 0; h < 24; h++) {
      const now = clock('2026-03-01T00:30:00') + h * hour
      for (const name of presets) {
        const p = presetOf(name, now)
        expect([name, h, p.from >= now, p.to > p.from, p.to - p.from <= 24 * hour, p.uses <= 10]).toEqual([name, h, true, true, true, true])
      }
    }
  })

  it('a helper asked for in the evening comes the next day', () => {
    const p = presetOf('helper', clock('2026-03-01T19:00:00'))
    expect([new Date(p.from).getDate(), new Date(p.from).getHours(), new Date(p.to).getHours()]).toEqual([2, 7, 20])
  })
})

describe('who asks at the poster', () => {
  const v = { state: 'expected', confirmed_at: null, to_at: '2026-03-01T10:00:00Z' } as Visit
  const before = Date.parse(v.to_at) - 1
  it('waits until the host has spoken or the time is over', () => {
    expect(isAsking(v, before)).toBe(true)
    expect(isAsking(v, before + 1)).toBe(false)
    expect(isAsking({ ...v, confirmed_at: '2026-03-01T09:00:00Z' }, before)).toBe(false)
    expect(isAsking({ ...v, state: 'refused' }, before)).toBe(false)
  })
})

describe('the pass', () => {
  it('is a picture of squares inside a quiet zone of four, with the three finders', () => {
    const { size, path } = qrOf(`J1.${'x'.repeat(180)}`)
    const dark = new Set<string>()
    for (const [, x, y, w] of path.matchAll(/M(\d+) (\d+)h(\d+)/g)) for (let i = 0; i < Number(w); i++) dark.add(`${Number(x) + i},${y}`)
    const edge = size - 8
    expect((edge - 17) % 4).toBe(0)
    for (const [x, y] of [[4, 4], [4 + edge - 7, 4], [4, 4 + edge - 7]] as const) {
      for (let i = 0; i < 7; i++) expect(dark.has(`${x + i},${y}`) && dark.has(`${x},${y + i}`)).toBe(true)
      expect(dark.has(`${x + 1},${y + 1}`)).toBe(false)
      expect(dark.has(`${x + 3},${y + 3}`)).toBe(true)
    }
    for (const at of dark) for (const n of at.split(',').map(Number)) expect(n >= 4 && n < size - 4).toBe(true)
  })

  it('another text is another picture', () => {
    expect(qrOf('a').path).not.toBe(qrOf('b').path)
  })
})

describe('CodeCard', () => {
  const code: IssuedCode = { code_id: 'c', code: '01234567', pass: 'J1.c', unit: '3-2-501', from_at: '2026-03-01T09:00:00Z', to_at: '2026-03-01T11:00:00Z', uses: 2 }
  it('tells the digits four and four, the unit to type first, and that it is told once', async () => {
    const card = mount(CodeCard, { props: { code }, global: { plugins: [i18n] }, attachTo: document.body })
    await nextTick()
    for (const text of ['0123-4567', '3-2-501', '2 次', '只显示这一次']) expect(card.text()).toContain(text)
    const found = await axe.run(card.element.parentElement!, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], rules: { 'color-contrast': { enabled: false } } })
    expect(found.violations.map((x) => `${x.id}: ${x.nodes[0]?.html}`)).toEqual([])
  })
})
