// Pictures of every page in both sizes, languages and themes, with axe on each: node shots.mjs <folder> [page…]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const mock = process.env.JIUAN_URL ? null : await import('../../web/console/mock/server.mjs').then((m) => m.startMock())
if (mock) process.env.JIUAN_URL = mock.url
const { axeFindings, base, openBrowser, signIn, tally, worker, workerPassword } = await import('./browser.mjs')

const folder = process.argv[2] ?? '/tmp/jiuan-shots'
const only = process.argv.slice(3)
mkdirSync(folder, { recursive: true })

const pages = [
  { name: 'sign-in', path: '/sign-in', out: true },
  { name: 'duty', path: '/duty' },
  { name: 'close', path: '/duty', keys: ['j', 'x'] },
  { name: 'call', path: '/duty', keys: ['o'] },
  { name: 'keys', path: '/duty', keys: ['Shift+Slash'] },
  { name: 'map', path: '/map' },
  { name: 'map-table', path: '/map', keys: ['t'] },
  { name: 'devices', path: '/devices' },
  { name: 'devices-unknown', path: '/devices?tab=unknown' },
  { name: 'devices-coverage', path: '/devices?tab=coverage' },
  { name: 'devices-cameras', path: '/devices?tab=cameras' },
  { name: 'camera-drawing', path: '/devices?tab=cameras', click: '.draw-camera' },
  { name: 'rules', path: '/rules', click: '.last .button' },
  { name: 'shifts', path: '/shifts' },
  { name: 'calendar', path: '/shifts', click: '[data-calendar-new]' },
  { name: 'calendar-address', path: '/shifts', click: '[data-calendar-new]', then: '[role=dialog] button[type=submit]' },
  { name: 'import', path: '/shifts', click: '[data-rota-import]', file: { name: 'rota.ics', mimeType: 'text/calendar', buffer: Buffer.from('BEGIN:VCALENDAR\nBEGIN:VEVENT\nATTENDEE:a\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n') }, then: '[role=dialog] button[type=submit]' },
  { name: 'places', path: '/places' },
  { name: 'hand-over', path: '/duty', click: '.seat-button:not([data-lock])' },
  { name: 'viewer', path: '/duty', click: '[data-case-title]', keys: ['p'], needs: '.thumb' },
  { name: 'more', path: '/more' },
  { name: 'lost', path: '/nowhere' },
  { name: 'locked', path: '/duty', lock: true },
  { name: 'work', path: '/work', worker: true },
].filter((p) => only.length === 0 || only.includes(p.name))
// JIUAN_SIZES=1920x1080,3840x2160 takes other screens.
const sizes = (process.env.JIUAN_SIZES ?? '1366x768,390x844').split(',').map((s) => s.split('x').map(Number)).map(([width, height]) => ({ width, height }))
const { check, end } = tally()

// The phone shows something only when somebody was sent.
if (mock) {
  const { db, people } = mock.world
  const session = await fetch(`${base}/api/session`, { method: 'POST', body: JSON.stringify({ login: 'chenxiao', password: 'jiuan-demo' }) })
  const headers = { cookie: session.headers.get('set-cookie').split(';')[0] }
  const alert = db['watch.alert'].find((a) => a.question === 'thrown_object')
  await fetch(`${base}/api/dispatch/task`, { method: 'POST', headers: { ...headers, 'idempotency-key': 'shots-task' }, body: JSON.stringify({ alert_id: alert.id, worker_id: people.wang.id }) })
}

for (const viewport of sizes) {
  for (const colorScheme of ['light', 'dark']) {
    for (const locale of ['zh-CN', 'en']) {
      for (const role of [false, true]) {
        const mine = pages.filter((p) => Boolean(p.worker) === role)
        if (mine.length === 0) continue
        const browser = await openBrowser({ viewport, colorScheme })
        const { page } = browser
        await page.addInitScript((l) => localStorage.setItem('jiuan.preferences', JSON.stringify({ locale: l })), locale)
        let inside = false
        for (const target of mine) {
          if (!target.out && !inside) {
            await signIn(page, ...(role ? [worker, workerPassword] : []))
            inside = true
          }
          await page.goto(base + target.path)
          await page.waitForTimeout(1500)
          if (target.needs && (await page.locator(target.needs).count()) === 0) continue
          // The lock is a step of the server, so that a narrow page without its button can be seen as well.
          if (target.lock) {
            await page.evaluate(() => fetch('/api/session/lock', { method: 'POST', headers: { 'idempotency-key': crypto.randomUUID() } }))
            await page.reload()
            await page.waitForSelector('#unlock-password')
            await page.waitForTimeout(700)
          }
          if (target.click && (await page.locator(target.click).first().isVisible()) === false) continue
          if (target.click) await page.locator(target.click).first().click()
          for (const key of target.keys ?? []) await page.keyboard.press(key)
          if (target.keys || target.click) await page.waitForTimeout(700)
          if (target.file) await page.locator('input[type=file]').setInputFiles(target.file)
          if (target.then) {
            await page.locator(target.then).first().click()
            await page.waitForTimeout(700)
          }
          const name = `${target.name}-${viewport.width}-${colorScheme}-${locale}`
          await page.screenshot({ path: join(folder, `${name}.png`) })
          const findings = await axeFindings(page)
          check(`${name} axe ${findings.join('; ')}`, findings.length === 0)
          if (target.lock) {
            const before = await page.url()
            await page.locator('[role=option]').nth(1).click({ force: true })
            await page.waitForTimeout(200)
            check(`${name} opens no row`, page.url() === before && (await page.locator('[role=option][aria-selected=true]').count()) === 0)
            await page.evaluate(() => fetch('/api/session/unlock', { method: 'POST', headers: { 'idempotency-key': crypto.randomUUID() }, body: JSON.stringify({ password: 'jiuan-demo' }) }))
          }
          const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
          check(`${name} scrolls sideways`, !wide)
        }
        check(`reports ${[...new Set(browser.reports)].join('; ')}`, browser.reports.length === 0)
        check(`from outside ${browser.foreign}`, browser.foreign.length === 0)
        await browser.close()
      }
    }
  }
}
mock?.close()
end()
