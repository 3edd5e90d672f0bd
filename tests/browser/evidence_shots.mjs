// The pictures of a case, in both sizes, languages and themes: JIUAN_URL=… node evidence_shots.mjs <folder>
// Expects a demo whose simulator has shown something already (a minute and a half).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { axeFindings, base, openBrowser, signIn, tally } from './browser.mjs'

const folder = process.argv[2] ?? '/tmp/jiuan-shots'
mkdirSync(folder, { recursive: true })
const { check, end } = tally()

for (const viewport of [{ width: 1366, height: 768 }, { width: 390, height: 844 }]) {
  for (const [colorScheme, locale] of [['light', 'zh-CN'], ['dark', 'en']]) {
    const name = `${viewport.width}-${colorScheme}-${locale}`
    const browser = await openBrowser({ viewport, colorScheme })
    const { page } = browser
    await page.addInitScript((l) => localStorage.setItem('jiuan.preferences', JSON.stringify({ locale: l })), locale)
    await signIn(page)
    const alerts = await page.evaluate(() => fetch('/api/watch/alert?state=new,acknowledged,dispatched&limit=50').then((r) => r.json()))
    let found = null
    for (const alert of alerts.items) {
      const c = await page.evaluate((id) => fetch(`/api/watch/alert/${id}/case`).then((r) => r.json()), alert.id)
      if (c.evidence.files.length > (found?.n ?? 0)) found = { id: alert.id, n: c.evidence.files.length }
    }
    check(`${name}: a case has a picture`, found !== null)
    if (!found) { await browser.close(); continue }
    await page.goto(`${base}/duty?alert=${found.id}`)
    await page.waitForSelector('.thumb')
    await page.locator('.files').scrollIntoViewIfNeeded()
    await page.waitForTimeout(900)
    await page.screenshot({ path: join(folder, `case-${name}.png`) })
    for (const finding of await axeFindings(page)) check(`${name}: ${finding}`, false)
    // By key alone: P opens the viewer, arrows turn, Escape closes it.
    await page.locator('[data-case-title]').focus()
    await page.keyboard.press('p')
    await page.waitForSelector('.shown')
    await page.waitForTimeout(900)
    check(`${name}: the picture is drawn`, await page.locator('img.shown').evaluate((i) => i.naturalWidth > 0).catch(() => false))
    await page.screenshot({ path: join(folder, `viewer-${name}.png`) })
    for (const finding of await axeFindings(page)) check(`${name} viewer: ${finding}`, false)
    await page.keyboard.press('ArrowRight')
    await page.waitForTimeout(600)
    await page.keyboard.press('Escape')
    await page.waitForTimeout(500)
    check(`${name}: Escape closes the viewer`, await page.locator('.shown').count() === 0)
    check(`${name}: no report`, browser.reports.length === 0)
    browser.reports.forEach((r) => console.log(r))
    await browser.close()
  }
}
end()
