// The queue under the hand, two operators, a lost line and a flood. Needs the mock: it makes alerts and breaks the line.
import { startMock } from '../../web/console/mock/server.mjs'

const mock = await startMock()
process.env.JIUAN_URL = mock.url
const { base, openBrowser, signIn, tally } = await import('./browser.mjs')

const { check, end } = tally()
const desk = await openBrowser()
const { page } = desk
const waits = (fn, arg, timeout = 10_000) => page.waitForFunction(fn, arg, { timeout }).then(() => true, () => false)
const api = (method, path, body) => page.evaluate(([m, p, b]) => fetch(`/api/${p}`, {
  method: m, headers: { 'idempotency-key': crypto.randomUUID() }, body: JSON.stringify(b),
}).then((r) => r.status), [method, path, body])

try {
  await signIn(page)
  await page.waitForSelector('[role=option]')

  await page.keyboard.press('j')
  await page.keyboard.press('j')
  const row = page.locator('[role=option][aria-selected=true]')
  await row.hover()
  const name = await row.getAttribute('id')
  const top = (await row.boundingBox()).y
  await api('POST', 'mock/alerts', { n: 50, severity: 'urgent' })
  check('50 alerts wait in the strip', await waits(() => document.querySelector('.queue header')?.textContent.includes('50')))
  await page.waitForTimeout(6000)
  check('under the hand nothing merges', (await page.locator('[role=option]').first().getAttribute('aria-setsize')) === '10')
  check('the row under the hand moved 0 px', (await row.boundingBox()).y === top)
  await page.keyboard.press('n')
  await waits(() => !document.querySelector('.queue header')?.textContent.includes('＋'))
  check('after N the selected one is the same', (await row.getAttribute('id')) === name)
  const moved = Math.abs((await page.locator(`#${name}`).boundingBox()).y - top)
  check(`after N it stands where it stood (${moved} px)`, moved <= 64)
  check('a flood is grouped, urgent ones single', await waits(() => document.querySelector('.flood')))
  check('few rows are drawn', (await page.locator('[role=option]').count()) <= 40)

  const id = name.slice(4)
  const other = mock.world.db['watch.alert'].find((a) => a.id === id)
  await page.route('**/ack', async (route) => {
    Object.assign(other, { state: 'acknowledged', acked_by_name: '王静', acked_at: new Date().toISOString(), version: other.version + 1 })
    await route.continue()
  }, { times: 1 })
  other.state = 'new'
  await page.evaluate(() => document.querySelector('[role=listbox]').focus())
  await page.reload()
  await page.waitForSelector('[role=option]')
  await page.waitForTimeout(800)
  await page.keyboard.press('a')
  check('the slower one reads who was faster', await waits(() => /王静 在 .*前已受理/.test(document.body.textContent)))

  await page.context().setOffline(true)
  check('a lost line is a sentence with its time', await waits(() => /连接于 \d\d:\d\d:\d\d 中断/.test(document.body.textContent), null, 40_000))
  check('state-changing buttons refuse with the reason', await waits(() => document.querySelector('[data-action=close][aria-disabled=true]')))
  check('reading goes on', (await page.locator('[role=option]').count()) > 0)
  await page.context().setOffline(false)
  check('the line comes back by itself', await waits(() => document.querySelector('.status')?.textContent.includes('已连接'), null, 30_000))

  await page.keyboard.press('g')
  await page.keyboard.press('v')
  check('G V goes to the devices', await page.waitForURL(`${base}/devices`, { timeout: 5000 }).then(() => true, () => false))
  check(`no page error or policy report: ${desk.reports}`, desk.reports.length === 0)
} catch (error) {
  check(`walk: ${error.message}`, false)
  await page.screenshot({ path: '/tmp/jiuan-queue-failed.png' })
} finally {
  await desk.close()
  mock.close()
  end()
}
