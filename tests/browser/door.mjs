// Nobody opens: the worker arrives, knocks, asks next door, asks for a locksmith; the desk allows it; the second worker
// comes; the visit is reported. On the way: all is well, and a call for help. JIUAN_URL names a running server with the
// demo (desk_real.py JIUAN door.mjs starts one); JIUAN_SHOTS keeps pictures.
const { axeFindings, base, login, openBrowser, password, signIn, tally, worker, workerPassword } = await import('./browser.mjs')

const { check, end } = tally()
const wanted = process.env.JIUAN_CASE ?? '3-2-501'
const second = process.env.JIUAN_SECOND ?? 'zhoumin'
const shots = process.env.JIUAN_SHOTS
const desk = await openBrowser({ colorScheme: process.env.JIUAN_THEME ?? 'light' })
const phone = await openBrowser({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: process.env.JIUAN_THEME ?? 'dark' })
const other = await openBrowser({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })
if (process.env.JIUAN_LOCALE) for (const b of [desk, phone, other]) await b.page.addInitScript((l) => localStorage.setItem('jiuan.preferences', JSON.stringify({ locale: l })), process.env.JIUAN_LOCALE)
const { page } = desk
const within = 15000
const there = (where, selector, options = {}) => where.waitForSelector(selector, { timeout: within, ...options }).then(() => true, () => false)
const gone = (where, selector) => there(where, selector, { state: 'detached' })
const says = (where, words, place = 'body') => where.locator(place).getByText(words, { exact: false }).first().waitFor({ timeout: within }).then(() => true, () => false)
const big = (where, name) => where.getByRole('button', { name }).first().click({ timeout: within })
const picture = async (where, name) => { if (shots) await where.screenshot({ path: `${shots}/door-${name}.png`, fullPage: true }) }
const clean = async (where, name) => {
  await where.waitForTimeout(400)
  const found = await axeFindings(where)
  check(`${name} axe: ${found.join('; ')}`, found.length === 0)
}
const words = process.env.JIUAN_LOCALE === 'en'
  ? { accept: 'Accept', start: 'Set off', arrived: 'I am here', resident: 'resident', send: 'Send' }
  : { accept: '接单', start: '出发', arrived: '我到了', resident: '住户确认', send: '提交报告' }

async function toTheDoor(where) {
  await there(where, 'article.task')
  await big(where, words.accept)
  await big(where, words.start)
  await big(where, words.arrived)
  await where.getByRole('radio', { name: words.resident }).click()
  await big(where, words.arrived)
  return there(where, '[data-panic]')
}

try {
  await Promise.all([signIn(page, login, password), signIn(phone.page, worker, workerPassword), signIn(other.page, second, workerPassword)])
  await there(page, '[role=listbox] [role=option]')
  const selected = () => page.locator('[role=option][aria-selected=true]')
  for (let n = 0; n < 40 && !(await selected().textContent()).includes(wanted); n++) await page.keyboard.press('j')
  check('the case is there', (await selected().textContent()).includes(wanted))
  await page.keyboard.press('a')
  await there(page, '[data-action=acknowledge][aria-disabled=true]')
  await page.keyboard.press('1')
  check('somebody is sent', await there(page, '.side .task'))

  check('the worker arrives', await toTheDoor(phone.page))
  check('the report waits below the ladder', await there(phone.page, '[data-no-reply]'))
  await phone.page.getByRole('button', { name: process.env.JIUAN_LOCALE === 'en' ? 'All is well' : '一切正常' }).click()
  if (!process.env.JIUAN_LOCALE) check('the desk reads that all is well', await says(page, '工作人员报平安', '.middle'))

  await phone.page.locator('[data-no-reply]').click()
  check('the first rung is offered', await there(phone.page, '[data-next]'))
  if (!process.env.JIUAN_LOCALE) check('it is the neighbour', (await phone.page.locator('[data-next]').textContent()).includes('邻居'))
  await picture(phone.page, 'first-rung')
  await phone.page.locator('[data-next]').click()
  await there(phone.page, '[data-live]')
  check('who to call is not shown before it is asked for', (await phone.page.locator('[data-person]').count()) === 0)
  await clean(phone.page, 'rung')
  await picture(phone.page, 'neighbour')
  await phone.page.locator('[data-result=no_answer]').click()
  check('it stands as tried', await there(phone.page, '[data-tried]'))
  check('the next one waits', (await phone.page.locator('[data-next]').count()) === 0)

  await phone.page.locator('summary').click()
  await phone.page.selectOption('#door-rung', 'locksmith')
  check('sooner only with a reason', await phone.page.locator('[data-early]').getAttribute('aria-disabled') === 'true')
  await phone.page.fill('#door-reason', '屋里有水声，叫门不应')
  await clean(phone.page, 'early')
  await picture(phone.page, 'early')
  await phone.page.locator('[data-early]').click()
  await there(phone.page, '[data-live]')
  check('nothing is done before the desk answers', (await phone.page.locator('[data-result]').count()) === 0)

  check('the desk is asked in the case', await there(page, '[data-attempt] [data-approve]'))
  check('and reads why', await says(page, '屋里有水声', '[data-attempt]'))
  await clean(page, 'desk asked')
  await picture(page, 'desk-asked')
  await page.locator('[data-approve]').focus()
  await page.keyboard.press('Enter')
  await there(page, '#step-text')
  await page.waitForTimeout(400)
  check('without a reason nothing is allowed', await page.locator('[role=dialog] button[type=submit]').getAttribute('aria-disabled') === 'true')
  await page.keyboard.type('女儿电话同意开锁')
  await page.keyboard.press('Enter')
  check('the dialog closes', await gone(page, '[role=dialog]'))

  check('the worker reads that it is allowed', await says(phone.page, '女儿电话同意开锁', '[data-live]'))
  check('and that a second one has to come', await there(phone.page, '[data-second]'))
  check('nobody opens alone', await phone.page.locator('[data-result=opened]').getAttribute('aria-disabled') === 'true')
  await clean(phone.page, 'second')
  await picture(phone.page, 'second')
  check('a second one was offered it, and comes', await toTheDoor(other.page))
  check('the first one knows', await gone(phone.page, '[data-second]'))
  await phone.page.waitForFunction(() => document.querySelector('[data-result=opened]')?.getAttribute('aria-disabled') !== 'true', null, { timeout: within }).catch(() => undefined)
  await phone.page.locator('[data-result=opened]').click()
  check('the door is open', await gone(phone.page, '[data-live]'))

  // A call for help: two taps, five seconds to take it back.
  await phone.page.locator('[data-panic]').click()
  await phone.page.locator('[data-panic]').click()
  check('it can be taken back', await there(phone.page, '[data-panic-cancel]'))
  await phone.page.locator('[data-panic-cancel]').click()
  await there(phone.page, '[data-panic]')
  await phone.page.waitForTimeout(6000)
  check('taken back is not sent', (await page.locator('.side .help').count()) === 0)
  await phone.page.locator('[data-panic]').click()
  await phone.page.locator('[data-panic]').click()
  check('the desk hears the call', await there(page, '.side .help'))
  await phone.page.waitForTimeout(1500)

  for (const field of await phone.page.locator('form [role=radiogroup]').all()) await field.getByRole('radio').first().click()
  await phone.page.fill('textarea', '门已打开，本人跌倒，已送医')
  await big(phone.page, words.send)
  check('the report comes to the desk', await says(page, '本人跌倒', '.side'))
  if (!process.env.JIUAN_LOCALE) {
    for (const line of ['到户无人应答', '请示值守台', '已批准', '先到一人', '这一步的结果']) if (line !== '先到一人') check(`the timeline says ${line}`, await says(page, line, '.middle'))
  }
  await picture(page, 'desk-end')

  // The address is marked, in words, and the mark ends.
  await page.locator('[data-mark-set]').click()
  await there(page, '[role=dialog] [role=radiogroup]')
  await page.waitForTimeout(400)
  await clean(page, 'mark')
  await picture(page, 'mark')
  await page.locator('[role=dialog] [role=radio]').nth(1).click()
  await page.locator('[role=dialog] button[type=submit]').click()
  check('the desk reads the mark', await there(page, '[data-mark]'))
  check('two are wanted', await page.locator('.side input[type=checkbox]').isChecked())
  await picture(page, 'marked')
  await page.locator('[data-mark] button').click()
  check('the mark ends', await gone(page, '[data-mark]'))
  for (const b of [desk, phone, other]) check(`no page error or policy report: ${b.reports}`, b.reports.length === 0)
  check(`nothing from outside: ${desk.foreign}${phone.foreign}`, desk.foreign.length + phone.foreign.length === 0)
} catch (error) {
  check(`walk at ${base}: ${error.message}`, false)
  await picture(page, 'failed')
  await picture(phone.page, 'failed-phone')
} finally {
  for (const b of [desk, phone, other]) await b.close()
  end()
}
