import axe from 'axe-core'
import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Component } from 'vue'
import DoorLadder from '../src/components/DoorLadder.vue'
import DoorRequests from '../src/components/DoorRequests.vue'
import DoorStrip from '../src/components/DoorStrip.vue'
import MarkDialog from '../src/components/MarkDialog.vue'
import type { Attempt, Door, Me, Task } from '../src/entities'
import { i18n } from '../src/i18n'
import { session } from '../src/stores/session'
import { alertOf } from './alerts'

enableAutoUnmount(afterEach)

const rung = (level: number, word: Attempt['word'], approve: Attempt['approve'] = 'nobody', two_people = false) => ({ level, word, approve, wait_min: 5, two_people })
const ladder = [rung(1, 'neighbour'), rung(2, 'family'), rung(3, 'locksmith', 'desk', true)]
const attemptOf = (changes: Partial<Attempt>): Attempt => ({
  ...ladder[0]!, id: 'x1', version: 1, created_at: '2026-11-24T09:00:00Z', updated_at: '2026-11-24T09:00:00Z', task_id: 't1', task_number: 'T-1', alert_id: 'a1',
  place_label: '3-2-501', worker_name: 'Wang', state: 'going', reason: null, decided_by_name: null, decided_at: null, decision: null, result: 'none', ...changes,
})
const task = { id: 't1', version: 4, number: 'T-1', no_reply_at: '2026-11-24T09:00:00Z', two_people: false, second_at: null } as Task

let door: Door
let attempts: Attempt[]
let sent: { url: string; body: Record<string, unknown> }[]
const answers: Record<string, unknown> = {}

beforeEach(() => {
  door = { no_reply_at: task.no_reply_at!, rungs: ladder, next: 'neighbour', next_at: null, attempts: [] }
  attempts = []
  sent = []
  for (const name of Object.keys(answers)) delete answers[name]
  session.me = { permissions: ['dispatch.read', 'dispatch.door.approve'] } as Me
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    if (init.method !== 'GET') sent.push({ url, body: JSON.parse(String(init.body ?? '{}')) as Record<string, unknown> })
    const found = Object.keys(answers).find((part) => url.includes(part))
    const body = found ? answers[found] : url.includes('/door') ? door : url.includes('attempt') ? { items: attempts, next: null } : {}
    return new Response(JSON.stringify(body), { status: 200 })
  })
})
afterEach(() => { vi.unstubAllGlobals() })

async function show(component: Component, props: Record<string, unknown>) {
  const wrapper = mount(component, { props, global: { plugins: [i18n] }, attachTo: document.body })
  await flushPromises()
  const found = await axe.run(document.body, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], rules: { 'color-contrast': { enabled: false }, 'document-title': { enabled: false }, 'html-has-lang': { enabled: false } } })
  expect(found.violations.map((v) => `${v.id}: ${v.nodes[0]?.html}`)).toEqual([])
  return wrapper
}

describe('DoorLadder', () => {
  it('begins with one button', async () => {
    const view = await show(DoorLadder, { task: { ...task, no_reply_at: null } })
    expect(view.find('[data-next]').exists()).toBe(false)
    await view.find('[data-no-reply]').trigger('click')
    await flushPromises()
    expect(sent[0]!.url).toContain('dispatch/task/t1/no_reply')
  })

  it('takes the next rung, and skips one only with a reason', async () => {
    const view = await show(DoorLadder, { task })
    expect(view.find('[data-next]').text()).toContain('问邻居')
    const early = view.find('[data-early]')
    expect(early.attributes('aria-disabled')).toBe('true')
    await view.find('#door-rung').setValue('locksmith')
    await view.find('#door-reason').setValue('闻到煤气')
    expect(early.attributes('aria-disabled')).toBeUndefined()
    await early.trigger('click')
    await flushPromises()
    expect(sent.at(-1)!.body).toEqual({ word: 'locksmith', reason: '闻到煤气' })
  })

  it('waits out the time of the rung before', async () => {
    door = { ...door, next: 'family', next_at: new Date(Date.now() + 240_000).toISOString(), attempts: [attemptOf({ state: 'done', result: 'no_answer' })] }
    const view = await show(DoorLadder, { task })
    expect(view.find('[data-next]').exists()).toBe(false)
    expect(view.find('[data-tried]').text()).toContain('没有回应')
    expect(view.text()).toContain('联系家人')
  })

  it('offers nothing while the desk decides', async () => {
    door.attempts = [attemptOf({ ...ladder[2], state: 'asked' })]
    const view = await show(DoorLadder, { task })
    expect(view.findAll('[data-result]')).toHaveLength(0)
    expect(view.text()).toContain('等值守台答复')
  })

  it('lets nobody open alone', async () => {
    door.attempts = [attemptOf({ ...ladder[2], state: 'going', decision: '女儿同意', decided_by_name: '陈晓' })]
    const view = await show(DoorLadder, { task: { ...task, two_people: true } })
    expect(view.find('[data-second]').exists()).toBe(true)
    expect(view.find('[data-result=opened]').attributes('aria-disabled')).toBe('true')
    await view.setProps({ task: { ...task, two_people: true, second_at: '2026-11-24T09:20:00Z' } })
    expect(view.find('[data-second]').exists()).toBe(false)
    expect(view.find('[data-result=opened]').attributes('aria-disabled')).toBeUndefined()
  })

  it('keeps a contact closed until it is asked for', async () => {
    door.attempts = [attemptOf({ ...ladder[1], state: 'going' })]
    answers['/contact'] = { items: [{ kind: 'family', name: '女儿', phone: '13800000001' }] }
    const view = await show(DoorLadder, { task })
    expect(view.text()).not.toContain('138')
    await view.find('[data-contact]').trigger('click')
    await flushPromises()
    expect(view.find('[data-person] a').attributes('href')).toBe('tel:13800000001')
    answers['/contact'] = { items: [] }
  })
})

describe('DoorRequests', () => {
  it('shows what is asked, and allows it with a reason only', async () => {
    attempts = [attemptOf({ ...ladder[2], state: 'asked', reason: '闻到煤气' }), attemptOf({ id: 'x0', state: 'done' })]
    const view = await show(DoorRequests, { alert: alertOf('a1') })
    expect(view.findAll('[data-attempt]')).toHaveLength(1)
    expect(view.text()).toContain('闻到煤气')
    expect(view.find('[data-approve]').attributes('aria-disabled')).toBeUndefined()
  })

  it('leaves to the head what is the head\'s', async () => {
    attempts = [attemptOf({ ...ladder[2], approve: 'head', state: 'asked' })]
    const view = await show(DoorRequests, { alert: alertOf('a1') })
    expect(view.find('[data-approve]').attributes('aria-disabled')).toBe('true')
    expect(view.text()).toContain('须社区负责人批准')
  })
})

describe('DoorStrip', () => {
  it('tells of requests in other cases', async () => {
    attempts = [attemptOf({ ...ladder[2], state: 'asked' }), attemptOf({ id: 'x2', alert_id: 'a2', place_label: '5-1-101', state: 'asked' })]
    const view = await show(DoorStrip, { selected: 'a1' })
    expect(view.findAll('[data-door-strip]')).toHaveLength(1)
    expect(view.text()).toContain('5-1-101')
    await view.find('button').trigger('click')
    expect(view.emitted('open')).toEqual([['a2']])
  })
})

describe('MarkDialog', () => {
  it('names hazards of a place and has no text of its own', async () => {
    await show(MarkDialog, { alert: alertOf('a1') })
    await flushPromises()
    const dialog = document.querySelector('[role=dialog]')!
    expect([...dialog.querySelectorAll('[role=radio]')]).toHaveLength(6)
    expect(dialog.querySelector('textarea, input[type=text]')).toBeNull()
    expect(dialog.querySelector('button[type=submit]')!.getAttribute('aria-disabled')).toBe('true')
  })
})
