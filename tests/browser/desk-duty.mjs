// The desk's own business by keyboard alone: O records a call (place, kind, one line, Enter; twice about the same
// matter is one alert); a list leaves as a file.
// JIUAN_URL names a running server; without it the mock of the console is started.
const mock = process.env.JIUAN_URL ? null : await import('../../web/console/mock/server.mjs').then((m) => m.startMock())
if (mock) process.env.JIUAN_URL = mock.url
const { readFile } = await import('node:fs/promises')
const { axeFindings, base, openBrowser, password, signIn, tally, login } = await import('./browser.mjs')

const { check, end } = tally()
const desk = await openBrowser()
const { page } = desk
let mouse = 0
await page.exposeFunction('countMouse', () => { mouse++ })
await page.addInitScript(() => addEventListener('mousedown', () => window.countMouse(), true))
const press = (key) => page.keyboard.press(key)
const settled = () => page.waitForTimeout(400)
const within = (text) => page.locator('.middle').getByText(text, { exact: false }).first().waitFor({ timeout: 8000 }).then(() => true, () => false)

async function record(text) {
  await page.locator('[role=listbox]').focus()
  await press('o')
  await page.waitForSelector('[role=dialog] [role=radiogroup]')
  await settled()
  check('the place is asked first', await page.evaluate(() => document.activeElement?.getAttribute('role') === 'combobox'))
  await press('ArrowDown')
  await settled()
  await press('Enter')
  await settled()
  await press('Tab')
  await press('Space')
  check('a kind is chosen', (await page.locator('[role=dialog] [role=radio][aria-checked=true]').count()) === 2)
  await press('Tab')
  await page.keyboard.type(text)
  const findings = await axeFindings(page)
  check(`axe: ${findings.join('; ')}`, findings.length === 0)
  await press('Enter')
  await page.waitForSelector('[role=dialog]', { state: 'detached', timeout: 5000 })
}

try {
  await signIn(page, login, password)
  await page.waitForSelector('[role=listbox] [role=option]')
  await record('楼道有烟 o x n 1')
  check('the case is open', await within('来电'))
  check('the words stand in the timeline', await within('楼道有烟 o x n 1'))
  const number = (text) => /A-\d+/.exec(text)?.[0]
  const first = number(await page.locator('.middle').textContent())
  check('the list does not tell what was said', !(await page.locator('[role=listbox]').textContent()).includes('楼道有烟'))
  await record('又一位邻居来电')
  check('the next caller joins the same alert', await within('又一位邻居来电') && number(await page.locator('.middle').textContent()) === first)
  await press('Shift+Slash')
  await page.waitForSelector('[role=dialog] dl')
  check('the help knows the key', (await page.locator('[role=dialog] dl').textContent()).includes('登记来电'))
  check('no mouse was used', mouse === 0)

  await page.goto(`${base}/shifts`)
  await page.locator('[data-export]').focus()
  await press('Enter')
  await page.waitForSelector('#reason-text')
  await settled()
  check('without a reason nothing leaves', await page.locator('[role=dialog] button[type=submit]').getAttribute('aria-disabled') === 'true')
  await page.keyboard.type('月度排班核对')
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 8000 }), press('Enter')])
  check('the file has the list\'s name', /^dispatch-shift-\d{4}-\d\d-\d\d\.csv$/.test(file.suggestedFilename()))
  check('the file holds rows', (await readFile(await file.path(), 'utf8')).split('\r\n').length > 2)
  await page.goto(`${base}/more`)
  await page.waitForSelector('[data-export="watch.alert"]')

  // The seat is locked: the queue stays, everything else waits for the password.
  await page.goto(`${base}/duty`)
  await page.waitForSelector('[role=listbox] [role=option]')
  await page.locator('[data-lock]').focus()
  await press('Enter')
  await page.waitForSelector('#unlock-password')
  check('the queue stays visible', (await page.locator('[role=listbox] [role=option]').count()) > 0)
  check('the case is gone', (await page.locator('[data-case-title], [data-person], [data-action]').count()) === 0)
  check('the server refuses as well', await page.evaluate(() => fetch('/api/dispatch/task').then((r) => r.status)) === 403)
  const lockAxe = await axeFindings(page)
  check(`lock axe: ${lockAxe.join('; ')}`, lockAxe.length === 0)
  await page.screenshot({ path: `${process.env.JIUAN_SHOTS ?? '/tmp'}/jiuan-locked.png` })
  await page.reload()
  await page.waitForSelector('#unlock-password')
  await page.locator('#unlock-password').focus()
  await page.keyboard.type('not this one')
  await press('Enter')
  check('a wrong password opens nothing', await page.locator('form [role=alert]').first().waitFor({ timeout: 8000 }).then(() => true, () => false))
  await page.locator('#unlock-password').fill(password)
  await press('Enter')
  check('the password opens the desk', await page.locator('[data-case-title]').first().waitFor({ timeout: 8000 }).then(() => true, () => false))

  if (mock) { // a quarter of an hour in a second: by the page's own clock
    const idle = await openBrowser()
    try {
      await idle.page.clock.install()
      await signIn(idle.page, login, password)
      await idle.page.clock.runFor(14 * 60_000 + 50_000)
      check('a seat does not warn', (await idle.page.getByText('会话即将结束').count()) === 0)
      await idle.page.clock.runFor(12_000)
      check('an untouched seat locks', await idle.page.locator('#unlock-password').waitFor({ timeout: 8000 }).then(() => true, () => false))
      await idle.page.locator('#unlock-password').fill(password)
      await idle.page.keyboard.press('Enter')
      await idle.page.locator('#unlock-password').waitFor({ state: 'detached', timeout: 8000 })
    } finally {
      await idle.close()
    }
    const staff = await openBrowser()
    try {
      await staff.page.clock.install()
      await signIn(staff.page, 'linfang', password)
      await staff.page.clock.runFor(13 * 60_000 + 5_000)
      check('two minutes before its end a session warns', await staff.page.getByText('会话即将结束').waitFor({ timeout: 8000 }).then(() => true, () => false))
      await staff.page.keyboard.press('Shift')
      await staff.page.clock.runFor(2_000)
      check('one key keeps it', (await staff.page.getByText('会话即将结束').count()) === 0)
    } finally {
      await staff.close()
    }
  }

  // The seat goes to the next operator, who takes every urgent alert by Enter.
  const next = process.env.JIUAN_NEXT ?? (mock ? 'linfang' : null)
  if (next) {
    await page.goto(`${base}/duty`)
    const seat = page.locator('.seat-button:not([data-lock])')
    await seat.focus()
    await press('Enter')
    await page.waitForSelector('#seat-note')
    await settled()
    await page.keyboard.type('3 号梯停用，物业明早来')
    await press('Enter')
    await page.waitForSelector('[role=dialog]', { state: 'detached' })
    check('who leaves is still on the seat', await page.waitForFunction(() => document.querySelector('.seat-button')?.textContent.includes('等待接班'), null, { timeout: 8000 }).then(() => true, () => false))
    const other = await openBrowser()
    try {
      await signIn(other.page, next, password)
      await other.page.locator('[data-take-over]').focus()
      await other.page.keyboard.press('Enter')
      await other.page.waitForSelector('[role=dialog] [data-accept]')
      await other.page.waitForTimeout(500)
      check('the note is read', (await other.page.locator('[role=dialog]').textContent()).includes('3 号梯停用'))
      const submit = other.page.locator('[role=dialog] button[type=submit]')
      check('the seat waits for the urgent ones', await submit.getAttribute('aria-disabled') === 'true')
      const findings = await axeFindings(other.page)
      check(`hand-over axe: ${findings.join('; ')}`, findings.length === 0)
      const all = await other.page.locator('[data-accept]').count()
      for (let i = 0; i < all; i++) {
        await other.page.keyboard.press('Enter')
        await other.page.waitForFunction((n) => document.querySelectorAll('[data-accept][aria-disabled=true]').length === n, i + 1, { timeout: 5000 })
        await other.page.waitForTimeout(200)
      }
      check('each urgent one is taken by Enter', await submit.getAttribute('aria-disabled') !== 'true')
      await other.page.screenshot({ path: `${process.env.JIUAN_SHOTS ?? '/tmp'}/jiuan-handover.png` })
      await submit.focus()
      await other.page.keyboard.press('Enter')
      await other.page.waitForSelector('[role=dialog]', { state: 'detached', timeout: 8000 })
      await other.page.goto(`${base}/shifts`)
      check('the hand-over is on record', await other.page.getByText('3 号梯停用').first().waitFor({ timeout: 8000 }).then(() => true, () => false))
      check(`next: no page error or policy report: ${other.reports}`, other.reports.length === 0)
    } finally {
      await other.close()
    }
  }
  check(`no page error or policy report: ${desk.reports}`, desk.reports.length === 0)
} catch (error) {
  check(`walk: ${error.message}`, false)
  await page.screenshot({ path: '/tmp/jiuan-call-failed.png' })
} finally {
  await desk.close()
  mock?.close()
  end()
}
