// What the desk must not get wrong: a row under the hand, a line cut around a step, a feed that is silent, letters of
// an input method, two tabs, a wrong clock, and a long day. Needs the mock: it makes alerts and breaks the line.
import { startMock } from '../../web/console/mock/server.mjs'

const mock = await startMock()
process.env.JIUAN_URL = mock.url
const { base, openBrowser, signIn, tally } = await import('./browser.mjs')
const { check, end } = tally()
const { db } = mock.world
const pause = (ms) => new Promise((done) => setTimeout(done, ms))

const api = (page, method, path, body) => page.evaluate(([m, p, b]) => fetch(`/api/${p}`, {
  method: m, headers: { 'idempotency-key': crypto.randomUUID() }, body: JSON.stringify(b),
}).then((r) => r.status), [method, path, body])
const waits = (page, fn, arg, timeout = 10_000) => page.waitForFunction(fn, arg, { timeout }).then(() => true, () => false)
const opened = async (page, path = '/duty') => {
  await page.goto(base + path)
  await page.waitForSelector('[role=option]')
  await pause(600)
}
const alertOf = (id) => db['watch.alert'].find((a) => a.id === id)
const fresh = () => db['watch.alert'].find((a) => a.state === 'new')

const only = process.argv.slice(2) // parts by the beginning of their names; none: all

async function part(name, run, options) {
  if (only.length && !only.some((o) => name.startsWith(o))) return
  const desk = await openBrowser(options)
  try {
    await run(desk.page, desk)
    check(`${name}: no page error or policy report: ${desk.reports}`, desk.reports.length === 0)
  } catch (error) {
    check(`${name}: ${error.message}`, false)
    await desk.page.screenshot({ path: '/tmp/jiuan-truth-failed.png' }).catch(() => undefined)
  } finally {
    await desk.close()
  }
}

// 6.2 #16: before, during, after.
await part('cut line', async (page) => {
  await signIn(page)
  const keys = []
  page.on('request', (r) => { if (r.url().endsWith('/ack')) keys.push(r.headers()['idempotency-key']) })
  const acked = (a) => a.timeline.filter((l) => l.what === 'acked').length
  const shown = () => page.locator('.middle').textContent()

  let alert = fresh()
  await opened(page, `/duty?alert=${alert.id}`)
  await page.context().setOffline(true)
  check('before: the page says so', await waits(page, () => /连接于 \d\d:\d\d:\d\d 中断/.test(document.body.textContent), null, 40_000))
  await page.keyboard.press('a')
  await pause(800)
  check('before: nothing was sent, nothing is claimed', keys.length === 0 && alert.state === 'new' && !(await shown()).includes('陈晓已受理'))
  await page.context().setOffline(false)
  await waits(page, () => document.querySelector('.status')?.textContent.includes('已连接'), null, 30_000)

  await page.route('**/ack', (route) => route.abort('connectionreset'))
  await page.keyboard.press('a')
  check('during: a sentence, no success', await waits(page, () => /没有收到服务器的回答/.test(document.querySelector('.middle').textContent)))
  check('during: the state is the old one', alert.state === 'new' && await page.locator('[data-action=acknowledge]').getAttribute('aria-disabled') !== 'true')
  await page.unroute('**/ack')
  await page.keyboard.press('a')
  check('during: the next try goes through', await waits(page, () => document.querySelector('[data-action=acknowledge]')?.getAttribute('aria-disabled') === 'true'))
  check(`during: all tries had one key (${keys.length})`, keys.length >= 3 && new Set(keys).size === 1)
  check('during: one effect', alert.state === 'acknowledged' && acked(alert) === 1)

  alert = fresh()
  await opened(page, `/duty?alert=${alert.id}`)
  keys.length = 0
  const version = alert.version
  await page.route('**/ack', async (route) => {
    await route.fetch()
    await route.abort('connectionreset')
  }, { times: 1 })
  await page.keyboard.press('a')
  check('after: the lost answer is fetched again', await waits(page, () => document.querySelector('[data-action=acknowledge]')?.getAttribute('aria-disabled') === 'true'))
  for (let i = 0; i < 20 && keys.length < 2; i++) await pause(250) // the feed may tell of it before the second try
  await pause(300)
  check(`after: with the same key, one effect: ${keys.length} tries, ${new Set(keys).size} keys, ${acked(alert)} times, version ${version} to ${alert.version}`, new Set(keys).size === 1 && keys.length === 2 && acked(alert) === 1 && alert.version === version + 1)
})

// 6.2 #17
await part('silent feed', async (page) => {
  await signIn(page)
  await opened(page)
  for (const [feed, ms] of [['cut', 10_000], ['refused', 10_000]]) {
    const before = await page.locator('[role=option]').first().getAttribute('aria-setsize')
    await api(page, 'POST', 'mock/feed', { feed })
    await api(page, 'POST', 'mock/alerts', { n: 3, severity: 'normal' })
    check(`${feed}: a sentence with its time`, await waits(page, () => /连接于 \d\d:\d\d:\d\d 中断，显示的是 \d\d:\d\d:\d\d/.test(document.querySelector('.status').textContent), null, 8000))
    await page.locator('[role=listbox]').hover() // nothing may merge by itself
    await pause(ms)
    check(`${feed}: nothing is shown that was not told`, await page.locator('[role=option]').first().getAttribute('aria-setsize') === before)
    await api(page, 'POST', 'mock/feed', { feed: 'open' })
    check(`${feed}: it comes back by itself`, await waits(page, () => document.querySelector('.status')?.textContent.includes('已连接'), null, 20_000))
    check(`${feed}: without a gap`, await waits(page, () => document.querySelector('.queue header')?.textContent.includes('3'), null, 8000))
    await page.keyboard.press('n')
    await pause(400)
  }
  for (const a of db['watch.alert'].filter((x) => x.number.startsWith('A-2'))) a.state = 'closed'
})

// 6.2 #13
await part('under the hand', async (page) => {
  await signIn(page)
  await opened(page)
  for (let i = 0; i < 3; i++) await page.keyboard.press('j')
  const row = page.locator('[role=option][aria-selected=true]')
  await row.hover()
  const name = await row.getAttribute('id')
  const top = (await row.boundingBox()).y
  await api(page, 'POST', 'mock/alerts', { n: 50, severity: 'urgent' })
  await waits(page, () => document.querySelector('.queue header')?.textContent.includes('50'))
  check('50 arrive: 0 px', (await row.boundingBox()).y === top)
  await page.keyboard.press('n')
  await pause(800)
  check('50 merge: still selected', await row.getAttribute('id') === name)
  const moved = (await page.locator(`#${name}`).boundingBox()).y - top
  check(`50 merge: ${moved} px`, moved === 0)
  for (const a of db['watch.alert'].filter((x) => x.number.startsWith('A-2'))) a.state = 'closed'
})

// 6.2 #19
await part('input method', async (page) => {
  await signIn(page)
  await opened(page)
  const selected = () => page.locator('[role=option][aria-selected=true]').getAttribute('id')
  const stroke = (code, extra = {}) => page.evaluate(([c, e]) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Process', keyCode: 229, code: c, bubbles: true, cancelable: true, ...e })), [code, extra])
  const first = await selected()
  await stroke('KeyJ')
  await pause(200)
  check('on the list the key counts by its code', await selected() !== first)
  const second = await selected()
  await stroke('KeyJ', { isComposing: true })
  await pause(200)
  check('while composing no key acts', await selected() === second)
  const state = alertOf(second.slice(4)).state
  await page.keyboard.press('w')
  await page.waitForSelector('[role=dialog] textarea, [role=dialog] input')
  await pause(400)
  for (const code of ['KeyA', 'KeyX', 'KeyN', 'KeyJ', 'Digit1']) await stroke(code, { isComposing: true })
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Input.imeSetComposition', { text: 'shui', selectionStart: 4, selectionEnd: 4 })
  await stroke('Enter', { key: 'Enter', isComposing: true })
  await cdp.send('Input.insertText', { text: '水管' })
  await pause(200)
  const field = page.locator('[role=dialog] textarea, [role=dialog] input').first()
  check('the text is what was composed', await field.inputValue() === '水管')
  check('no shortcut fired in the text', (await page.locator('[role=dialog]').count()) === 1 && alertOf(second.slice(4)).state === state && await selected() === second)
})

// 6.2 #20
await part('two tabs', async (page, desk) => {
  await desk.context.addInitScript(() => {
    window.tones = 0
    const make = AudioContext.prototype.createOscillator
    AudioContext.prototype.createOscillator = function (...a) { window.tones++; return make.apply(this, a) }
  })
  await signIn(page)
  const other = await desk.context.newPage()
  for (const p of [page, other]) await opened(p)
  check('before the seat is taken a banner says so', await page.locator('.sound').isVisible())
  for (const p of [page, other]) {
    await p.bringToFront()
    await p.locator('.sound button').first().click()
    await pause(600)
  }
  const tested = await page.evaluate(() => window.tones)
  check(`the first tab plays the test tone (${tested})`, tested > 0)
  check('the second one stays quiet', await other.evaluate(() => window.tones) === 0)
  await api(page, 'POST', 'mock/alerts', { n: 1, severity: 'urgent' })
  check('an urgent alert sounds', await waits(page, (n) => window.tones > n, tested, 30_000))
  await pause(1500)
  check('in one tab only', await other.evaluate(() => window.tones) === 0)
  await page.close()
  check('the other takes over when that one closes', await waits(other, () => window.tones > 0, null, 30_000))
})

// 6.2 #21
for (const wrong of [5, -5]) {
  await part(`clock ${wrong} min off`, async (page) => {
    await page.addInitScript((ms) => {
      const Real = Date
      window.Date = class extends Real { constructor(...a) { if (a.length) super(...a); else super(Real.now() + ms) } static now() { return Real.now() + ms } }
    }, wrong * 60_000)
    await signIn(page)
    const alert = db['watch.alert'].find((a) => ['new', 'acknowledged'].includes(a.state) && !a.task_id)
    alert.state = 'acknowledged'
    await api(page, 'POST', 'dispatch/task', { alert_id: alert.id, worker_id: mock.world.people.zhou.id })
    await opened(page, `/duty?alert=${alert.id}`)
    await page.waitForSelector('.side .ring svg text')
    const task = db['dispatch.task'].at(-1)
    await pause(1200)
    // performance.now() does not know of the changed clock: the true time, read together with the ring.
    const [said, gone] = await page.evaluate((from) => {
      const [, m, sec] = /(\d+):(\d\d)/.exec(document.querySelector('.side .ring svg text').textContent)
      return [Number(m) * 60 + Number(sec), (performance.timeOrigin + performance.now() - from) / 1000]
    }, Date.parse(task.offered_at))
    check(`the ring says ${said} s, the server ${gone.toFixed(1)} s`, Math.abs(said - Math.floor(gone)) <= 1)
    task.state = 'cancelled'
    alert.task_id = null
  })
}

// 6.1 #11: the alerts of eight hours in a minute and a half; what is closed leaves the memory.
await part('a long day', async (page) => {
  for (const a of db['watch.alert'].slice(5)) a.state = 'closed'
  await signIn(page)
  await opened(page)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable')
  const heap = async () => {
    for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage')
    const metrics = Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]))
    return { mb: metrics.JSHeapUsedSize / 1e6, listeners: metrics.JSEventListeners }
  }
  const batch = async (n) => {
    await api(page, 'POST', 'mock/alerts', { n, severity: 'normal' })
    await waits(page, () => document.querySelector('.queue header button'), null, 10_000)
    await page.keyboard.press('n')
    await page.keyboard.press('j')
    await pause(500)
    await api(page, 'POST', 'mock/close', {})
    await pause(1200)
    await page.keyboard.press('n')
    await pause(300)
  }
  await batch(20) // what is loaded once is no growth
  const before = await heap()
  for (let i = 0; i < 20; i++) await batch(30)
  const after = await heap()
  const grown = after.mb - before.mb
  console.log(`heap ${before.mb.toFixed(1)} MB, after 600 alerts ${after.mb.toFixed(1)} MB: ${grown.toFixed(1)} MB more; listeners ${before.listeners} and ${after.listeners}`)
  check(`heap growth ${grown.toFixed(1)} MB`, grown <= 30)
  check(`no listener stays behind: ${before.listeners} and ${after.listeners}`, after.listeners <= before.listeners + 50)
  await page.keyboard.press('n')
  const left = await waits(page, () => Number(document.querySelector('[role=option]')?.getAttribute('aria-setsize')) <= 6)
  check(`the queue is as before: ${await page.locator('[role=option]').first().getAttribute('aria-setsize')} rows`, left)
})

mock.close()
end()
