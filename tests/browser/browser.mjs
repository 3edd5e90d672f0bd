// What the browser scripts share: a fresh Chromium, signed in, with every page error and policy report kept.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(new URL('../../web/console/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const base = process.env.JIUAN_URL ?? 'http://127.0.0.1:8790'
export const login = process.env.JIUAN_LOGIN ?? 'chenxiao'
export const password = process.env.JIUAN_PASSWORD ?? 'jiuan-demo'
export const worker = process.env.JIUAN_WORKER ?? 'wangjing'
export const workerPassword = process.env.JIUAN_WORKER_PASSWORD ?? password

const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']

export async function openBrowser(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'jiuan-browser-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.JIUAN_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: flags,
    viewport: { width: 1366, height: 768 }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...options,
  })
  const page = context.pages()[0]
  const reports = []
  const foreign = []
  page.on('pageerror', (error) => reports.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML|TrustedScript/.test(message.text())) reports.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('blob:')) foreign.push(request.url())
  })
  const close = async () => {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
  return { context, page, reports, foreign, close }
}

export async function signIn(page, who = login, secret = password) {
  await page.goto(`${base}/sign-in`)
  await page.fill('#login', who)
  await page.fill('#password', secret)
  await page.keyboard.press('Enter')
  await page.waitForSelector('.frame')
}

/** Counts checks and prints them as "N passed, N failed". */
export function tally() {
  let passed = 0
  const failures = []
  return {
    check(name, truth) {
      if (truth) passed++
      else {
        failures.push(name)
        console.log(`FAILED ${name}`)
      }
    },
    end() {
      console.log(`${passed} passed, ${failures.length} failed`)
      process.exit(failures.length ? 1 : 0)
    },
  }
}

/** The findings of axe on the page as it stands; the evaluation goes past the page's policy. */
export async function axeFindings(page) {
  // Colours on their way are nobody's contrast; what moves for ever does not change colour.
  await page.evaluate(() => Promise.all(document.getAnimations()
    .filter((a) => Number.isFinite(a.effect?.getComputedTiming().endTime))
    .map((a) => a.finished.catch(() => {}))))
  await page.evaluate(axeSource)
  return page.evaluate(() => window.axe
    .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] })
    .then((result) => result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(' | ')}`)))
}
