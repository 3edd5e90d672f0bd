// The registers as the desk and the head see them, the own page as a resident does; JIUAN_SHOTS: pictures of all of it.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { axeFindings, base, openBrowser, password, signIn, tally } from './browser.mjs'

const folder = process.env.JIUAN_SHOTS
if (folder) mkdirSync(folder, { recursive: true })
const { check, end } = tally()

const settled = async (page) => {
  await page.waitForTimeout(400)
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'), null, { timeout: 15_000 })
  await page.waitForTimeout(200)
}
const visit = async (page, path) => {
  await page.goto(base + path)
  await settled(page)
}
const text = (page) => page.evaluate(() => document.querySelector('#content').innerText)

// ---- what is closed stays closed, and a reason opens it ---------------------------------
{
  const { page, reports, foreign, close } = await openBrowser()
  const bodies = []
  page.on('response', async (r) => {
    if (r.url().includes('/api/people/') && r.request().method() === 'GET') bodies.push(await r.text().catch(() => ''))
  })
  await signIn(page)
  await visit(page, '/registers')
  check('the homes are there', (await page.locator('.grid-table tbody tr').count()) >= 30)
  await page.locator('.list .grid-table tbody tr').first().getByRole('button').click()
  await settled(page)
  check('a home opens beside the list, its id in the address', /row=[0-9A-Z]{26}/.test(page.url()))
  check('no name and no telephone before a reason', !/住户 \d/.test(await text(page)) && !bodies.some((b) => /住户 \d|138\d{8}/.test(b)))
  await page.locator('.detail').getByRole('button', { name: '查看姓名电话，需写原因' }).click()
  await page.fill('#reason-text', '登记核对 R-1')
  await page.keyboard.press('Enter')
  await settled(page)
  check('with a reason the names are there', /住户 1/.test(await text(page)))
  await visit(page, '/registers?tab=questions')
  check('the disputed rental is a question', /租赁双方说法不一/.test(await text(page)))
  await visit(page, '/registers?tab=rentals')
  await page.locator('.list .grid-table tbody tr').first().getByRole('button').click()
  await settled(page)
  check('the two sides stand side by side', (await page.locator('.sides .box').count()) === 2)
  check('where they differ it says so', /与对方不同/.test(await text(page)))
  await page.locator('.detail').getByRole('button', { name: '派人上门' }).click()
  await settled(page)
  check('somebody is sent', /已派人/.test(await text(page)))
  let alert = ''
  for (let i = 0; i < 20 && !alert; i++) {
    alert = await page.evaluate(async () => (await (await fetch('/api/watch/alert?kind=register')).json()).items[0]?.place_label ?? '')
    if (!alert) await page.waitForTimeout(500)
  }
  check('and the desk has the alert', alert === '1-2-301')
  await visit(page, '/registers?tab=search')
  check('one character finds nobody', await page.locator('.asks button').getAttribute('aria-disabled') === 'true')
  await page.locator('.asks input').first().fill('3-1-201')
  await page.locator('.asks select').first().selectOption({ label: '江铃景泰花园' })
  await page.locator('.asks input').nth(1).fill('登记核对 R-2')
  await page.locator('.asks button').click()
  await settled(page)
  check('two of them live there', (await page.locator('.hits li').count()) === 2)
  check(`reports ${reports.join('; ')}`, reports.length === 0)
  check(`from outside ${foreign}`, foreign.length === 0)
  await close()
}

// ---- a file: tried, seen, written ------------------------------------------------------------
{
  const { page, reports, close } = await openBrowser()
  await signIn(page, 'admin', password)
  await visit(page, '/registers')
  await page.locator('.list .grid-table tbody tr').first().getByRole('button').click()
  await settled(page)
  const before = await page.locator('.detail .grid-table').first().locator('tbody tr').count()
  await page.locator('.detail').getByRole('button', { name: '新增成员' }).click()
  await page.locator('[role=dialog] input').first().fill('新来的')
  await page.locator('[role=dialog] select').first().selectOption('tenant')
  await page.locator('[role=dialog]').getByRole('button', { name: '登记' }).click()
  await settled(page)
  check('somebody joins a home', (await page.locator('.detail .grid-table').first().locator('tbody tr').count()) === before + 1)
  await visit(page, '/registers?tab=import')
  await page.getByLabel('社区', { exact: true }).selectOption({ label: '江铃景泰花园' })
  await page.setInputFiles('#import-file', {
    name: 'homes.csv', mimeType: 'text/csv',
    buffer: Buffer.from('房号,姓名,电话,身份证号\n3-3-101,甲,13870001111,11010519491231002X\n3-3-999,乙,,\n3-3-102,丙,,110105194912310029\n'),
  })
  await page.getByRole('button', { name: '先试一遍，不写入' }).click()
  await settled(page)
  const seen = await text(page)
  check('a dry run says what would be', /共 3 行：将新增 1.*退回 2/.test(seen))
  check('and which rows, and why', /3\s+房号\s+没有这个位置/.test(seen) && /4\s+证件号码\s+证件号码的校验位不对/.test(seen))
  await page.getByRole('button', { name: '写入没问题的 1 行' }).click()
  await settled(page)
  check('then it is written', /已写入。共 3 行：新增 1/.test(await text(page)))
  check(`reports ${reports.join('; ')}`, reports.length === 0)
  await close()
}

// ---- the own page -----------------------------------------------------------------------------
{
  const { page, reports, close } = await openBrowser({ viewport: { width: 390, height: 844 } })
  await signIn(page, 'linfang', password)
  await settled(page)
  check('a resident lands on the own page', new URL(page.url()).pathname === '/me')
  await visit(page, '/me')
  const seen = await text(page)
  check('what is held is all there', ['人员', '车辆', '关爱备注', '住户成员', '租赁'].every((w) => seen.includes(w)))
  check('who looked, and why', seen.includes('陈晓') && seen.includes('登记核对 R-2'))
  check('what stays at an erasure says why', seen.includes('同意的凭证') && seen.includes('还有正在进行的租赁'))
  await page.locator('input[type=tel]').fill('0791 8612 3456')
  await page.locator('form').filter({ has: page.locator('input[type=tel]') }).getByRole('button').click()
  await settled(page)
  check('the own telephone is changed at once', (await text(page)).includes('0791-86123456'))
  await page.getByRole('button', { name: '申报租赁' }).click()
  await page.locator('label', { hasText: '我是房东' }).click()
  await page.fill('#rental-label', '1-1-101')
  await page.waitForFunction(() => document.querySelector('[role=dialog] select'), null, { timeout: 10_000 })
  await page.fill('#rental-from', '2026-01-01')
  await page.fill('#rental-to', '2030-01-01')
  await page.fill('#rental-name', '别人')
  await page.getByRole('button', { name: '签名并申报' }).click()
  await settled(page)
  check('a signature is the own name', (await page.locator('[role=dialog]').innerText()).includes('与登记的姓名不同'))
  await page.fill('#rental-name', '3-1-201 住户 1')
  await page.getByRole('button', { name: '签名并申报' }).click()
  await settled(page)
  check('the rental waits for the other side', /1-1-101 已申报/.test(await text(page)))
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '下载（JSON）' }).click()])
  check('the export is a file', /^jiuan-.*\.json$/.test(file.suggestedFilename()))
  check(`reports ${reports.join('; ')}`, reports.length === 0)
  await close()
}

// ---- looks ---------------------------------------------------------------------------------------
const pages = [
  { name: 'homes', path: '/registers', row: true }, { name: 'rentals', path: '/registers?tab=rentals', row: true },
  { name: 'vehicles', path: '/registers?tab=vehicles', row: true }, { name: 'questions', path: '/registers?tab=questions' },
  { name: 'search', path: '/registers?tab=search' }, { name: 'import', path: '/registers?tab=import' },
  { name: 'new-home', path: '/registers', click: '.page-head .button' }, { name: 'own', path: '/me', who: 'linfang' },
]
const looks = folder ? [[1366, 768, 'light', 'zh-CN'], [1366, 768, 'dark', 'en'], [390, 844, 'light', 'en'], [390, 844, 'dark', 'zh-CN']] : [[1366, 768, 'light', 'en'], [390, 844, 'dark', 'zh-CN']]
for (const [width, height, colorScheme, locale] of looks) {
  for (const who of ['admin', 'linfang']) {
    const { page, close } = await openBrowser({ viewport: { width, height }, colorScheme })
    await page.addInitScript((l) => localStorage.setItem('jiuan.preferences', JSON.stringify({ locale: l })), locale)
    await signIn(page, who, password)
    for (const target of pages.filter((p) => (p.who ?? 'admin') === who)) {
      await visit(page, target.path)
      if (target.row) await page.locator('.list .grid-table tbody tr').first().getByRole('button').click()
      if (target.click) await page.locator(target.click).first().click()
      await settled(page)
      const name = `${target.name}-${width}-${colorScheme}-${locale}`
      if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: false })
      const findings = await axeFindings(page)
      check(`${name} axe ${findings.join('; ')}`, findings.length === 0)
      check(`${name} scrolls sideways`, !(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)))
    }
    await close()
  }
}
end()
