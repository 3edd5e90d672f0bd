// Walks the case of Jingtai Garden by keyboard: queue, acknowledge, reason, send, visit on the phone, read, close.
// JIUAN_URL names a running server; without it the mock of the console is started.
const mock = process.env.JIUAN_URL ? null : await import('../../web/console/mock/server.mjs').then((m) => m.startMock())
if (mock) process.env.JIUAN_URL = mock.url
const { axeFindings, openBrowser, password, signIn, tally, worker, workerPassword, login } = await import('./browser.mjs')

const { check, end } = tally()
const wanted = process.env.JIUAN_CASE ?? '3-2-501'
const desk = await openBrowser()
const { page } = desk
let mouse = 0
await page.exposeFunction('countMouse', () => { mouse++ })
await page.addInitScript(() => addEventListener('mousedown', () => window.countMouse(), true))

const press = (key) => page.keyboard.press(key)
const selected = () => page.locator('[role=option][aria-selected=true]')
const has = (text, within = 'body') => page.locator(within).getByText(text, { exact: false }).first().waitFor({ timeout: 8000 }).then(() => true, () => false)
const sees = (selector, options = {}) => page.waitForSelector(selector, { timeout: 8000, ...options }).then(() => true, () => false)

try {
  await signIn(page, login, password)
  check('the queue is there', await sees('[role=listbox] [role=option]'))
  check('the list has the focus', await page.evaluate(() => document.activeElement?.getAttribute('role') === 'listbox'))
  const cards = await page.locator('[role=option]').evaluateAll((rows) => rows.filter((r) => r.getBoundingClientRect().bottom <= innerHeight - 28 + 1).length)
  const all = await page.locator('[role=option]').count()
  check('ten cards are visible at 1366×768', cards >= Math.min(10, all))
  check('nothing scrolls sideways', await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))

  for (let n = 0; n < 40 && !(await selected().textContent()).includes(wanted); n++) await press('j')
  check('J finds the case', (await selected().textContent()).includes(wanted))
  check('no name in the list', !/138|0791/.test(await page.locator('[role=listbox]').textContent()))
  check('the action bar needs no scrolling', await page.locator('[data-action=close]').evaluate((b) => b.getBoundingClientRect().bottom < innerHeight - 28))

  await press('a')
  check('A acknowledges', await sees('[data-action=acknowledge][aria-disabled=true]'))

  if (await sees('[data-person]')) {
    check('the person is closed', (await page.locator('[data-person]').first().textContent()).includes('●●●'))
    await press('c')
    check('C asks for the reason', await sees('#reason-text'))
    check('the reason is prefilled', (await page.inputValue('#reason-text')).length > 2)
    await page.waitForTimeout(400)
    await press('Enter')
    check('one Enter opens the person', await page.waitForFunction(() => /\d{4}/.test([...document.querySelectorAll('[data-person]')].map((d) => d.textContent).join()), null, { timeout: 8000 }).then(() => true, () => false))
    await page.waitForSelector('[role=dialog]', { state: 'detached', timeout: 3000 }).catch(() => undefined)
  }

  await page.locator('[role=listbox]').focus()
  await press('w')
  await sees('#step-text')
  await page.waitForTimeout(400)
  await page.keyboard.type('a x n 1')
  check('letters in a text stay letters', (await page.inputValue('#step-text')) === 'a x n 1')
  await press('Enter')
  check('the note stands in the timeline', await has('a x n 1', '.middle'))
  await page.waitForSelector('[role=dialog]', { state: 'detached', timeout: 3000 }).catch(() => undefined)

  await press('1')
  check('1 sends the first candidate', await sees('.task'))

  const phone = await openBrowser({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
  try {
    const tap = (name) => phone.page.getByRole('button', { name }).first().click()
    await signIn(phone.page, worker, workerPassword)
    await phone.page.waitForURL('**/work')
    await phone.page.waitForSelector('article.task')
    const small = await phone.page.locator('main button').evaluateAll((all) => all.filter((b) => b.getBoundingClientRect().height < 44).map((b) => b.textContent))
    check(`touch targets are 44 px ${small}`, small.length === 0)
    await tap('接单')
    await phone.page.context().setOffline(true)
    await tap('出发')
    await tap('我到了')
    await phone.page.getByRole('radio', { name: '住户确认' }).click()
    await phone.page.getByRole('button', { name: '我到了' }).click()
    check('without network the steps wait', await phone.page.getByText('待发送').first().isVisible())
    await phone.page.context().setOffline(false)
    await phone.page.waitForFunction(() => !document.body.textContent.includes('待发送'), null, { timeout: 15000 })
    await phone.page.waitForSelector('textarea')
    for (const field of await phone.page.locator('[role=radiogroup]').all()) await field.getByRole('radio').first().click()
    await phone.page.fill('textarea', '关节痛，本人在家，无碍')
    await tap('提交报告')
    check('the report is delivered', await phone.page.waitForFunction(() => document.body.textContent.includes('已报告'), null, { timeout: 15000 }).then(() => true, () => false))
    check(`phone: no page error or policy report ${phone.reports}`, phone.reports.length === 0)
  } finally {
    await phone.close()
  }

  check('the report comes to the desk by itself', await has('关节痛', '.side'))
  check('the ring has stopped', await sees('.ring.stopped'))
  await page.locator('[role=listbox]').focus()
  await press('x')
  await sees('[role=radiogroup]')
  await page.waitForTimeout(400)
  await press('u')
  await page.keyboard.type('到户见到本人，关节痛，无碍')
  const before = await page.locator('[role=listbox]').getAttribute('aria-activedescendant')
  await press('Enter')
  check('X, U and one line close the case', await page.waitForFunction((id) => !document.getElementById(id), before, { timeout: 8000 }).then(() => true, () => false))
  check('the next one is selected', (await selected().count()) === 1)
  check('no mouse was used', mouse === 0)

  await page.waitForTimeout(600)
  const findings = await axeFindings(page)
  check(`axe: ${findings.join('; ')}`, findings.length === 0)
  check(`no page error or policy report: ${desk.reports}`, desk.reports.length === 0)
  check(`nothing from outside: ${desk.foreign}`, desk.foreign.length === 0)
} catch (error) {
  check(`walk: ${error.message}`, false)
  await page.screenshot({ path: '/tmp/jiuan-desk-failed.png' })
} finally {
  await desk.close()
  mock?.close()
  end()
}
