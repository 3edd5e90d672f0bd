// The boundary editor against a real server: drawn with the mouse, drawn with the keyboard alone, checked, published,
// and two who drew at once. JIUAN_URL names the server, with the demo in it.
const { axeFindings, base, openBrowser, signIn, tally } = await import('./browser.mjs')
const { check, end } = tally()
const secret = process.env.JIUAN_PASSWORD ?? 'tengwangge-demo'

const browser = await openBrowser()
const { page } = browser
await signIn(page, 'admin', secret)
const ask = (method, path, body) => page.evaluate(async ([m, p, b]) => {
  const answer = await fetch(`/api/${p}`, { method: m, body: b && JSON.stringify(b), headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() } })
  return { status: answer.status, body: await answer.json() }
}, [method, path, body])

// A new enclosure in Jingtai, with nothing drawn yet.
const jingtai = (await ask('GET', 'places/place?path=36.3601.360113.360113001.jingtai.')).body.items[0]
const made = (await ask('POST', 'places/place', { parent_id: jingtai.id, kind: 'enclosure', code: `t${Date.now() % 1e6}`, name: '测试小区', lon: 115.913, lat: 28.6816 })).body
const at = `${base}/places?place=${made.id}`
const drawing = async () => (await page.evaluate((id) => JSON.parse(localStorage.getItem(`jiuan.draft.${id}`) ?? 'null'), made.id))?.drawing ?? null

await page.goto(at)
await page.waitForSelector('.maplibregl-canvas')
await page.waitForTimeout(2500)
const box = await page.locator('.maplibregl-canvas').boundingBox()
const spot = (x, y) => [box.x + box.width * x, box.y + box.height * y]

// P, four points, one taken back, Enter.
await page.keyboard.press('KeyP')
for (const [x, y] of [[0.3, 0.35], [0.7, 0.35], [0.7, 0.7], [0.5, 0.9]]) {
  await page.mouse.move(...spot(x, y))
  await page.mouse.click(...spot(x, y))
  await page.waitForTimeout(350)
}
await page.keyboard.press('Backspace')
await page.waitForTimeout(200)
await page.mouse.move(...spot(0.3, 0.7))
await page.mouse.click(...spot(0.3, 0.7))
await page.waitForTimeout(350)
await page.keyboard.press('Enter')
await page.waitForTimeout(600)
let d = await drawing()
check(`the polygon is in the draft: ${d?.segments.length} segments, ${d?.segments[0]?.line.length} points`, d?.segments.length === 1 && d.segments[0].line.length === 5)
const first = d?.segments[0]?.line[0]

// S splits the top side, an entrance goes on the split.
await page.keyboard.press('KeyP')
await page.keyboard.press('KeyS')
await page.mouse.click(...spot(0.5, 0.35))
await page.waitForTimeout(300)
d = await drawing()
check(`split into ${d?.segments.length}`, d?.segments.length === 2)
await page.keyboard.press('KeyE')
await page.mouse.move(...spot(0.5, 0.7))
await page.mouse.click(...spot(0.5, 0.7))
await page.waitForTimeout(400)
d = await drawing()
check(`entrance ${d?.entrances[0]?.code}`, d?.entrances.length === 1 && d.entrances[0].code === 'E01')
await page.keyboard.press('Escape')
await page.keyboard.press('Control+KeyZ')
check('Ctrl+Z takes the entrance back', (await drawing()).entrances.length === 0)
await page.keyboard.press('Control+Shift+KeyZ')
check('and brings it again', (await drawing()).entrances.length === 1)

// Dragging a corner takes both ends along: M, then the corner.
await page.keyboard.press('KeyM')
await page.waitForTimeout(300)
await page.mouse.click(...spot(0.6, 0.35))
await page.waitForTimeout(300)
await page.mouse.move(...spot(0.7, 0.35))
await page.mouse.down()
await page.mouse.move(...spot(0.74, 0.3), { steps: 6 })
await page.mouse.up()
await page.waitForTimeout(500)
const moved = await drawing()
check('a corner is moved', JSON.stringify(moved.segments) !== JSON.stringify(d.segments))
await page.keyboard.press('KeyM')

// The draft outlives the page.
await page.reload()
await page.waitForTimeout(2500)
check('the draft is kept in the browser', (await page.locator('[role=status]').allTextContents()).some((t) => t.includes('草稿')))

// By keyboard alone: V, the vertex table, a new place for the first point.
await page.keyboard.press('KeyV')
await page.waitForSelector('.degree')
const cell = page.locator('.degree').first()
await cell.focus()
await cell.fill('200')
await page.keyboard.press('Tab')
check('a longitude that is none is marked', (await cell.getAttribute('aria-invalid')) === 'true')
await cell.fill(String(first[0] - 0.0001))
await page.keyboard.press('Tab')
check('the table moves the point', Math.abs((await drawing()).segments[0].line[0][0] - (first[0] - 0.0001)) < 1e-6)
check(`axe at the table ${(await axeFindings(page)).join()}`, (await axeFindings(page)).length === 0)
await page.locator('main').focus()
await page.keyboard.press('KeyV')

// Save, check, publish.
const press = async (word) => { await page.getByRole('button', { name: word, exact: true }).first().click(); await page.waitForTimeout(900) }
await press('存为新方案')
check('sent: nothing is kept here any more', await drawing() === null)
await press('检查')
let mine = (await ask('GET', `places/outline?place_id=${made.id}`)).body.items[0]
check(`checked: ${mine.state} ${JSON.stringify(mine.faults)}`, mine.state === 'checked')
await press('发布')
mine = (await ask('GET', `places/outline?place_id=${made.id}`)).body.items[0]
check(`published: ${mine.state}, ${mine.area_m2?.toFixed(0)} m2`, mine.state === 'published' && mine.area_m2 > 1000)
const edges = (await ask('GET', `places/edges?under=${made.id}`)).body.features
check('segments and the entrance are in force', edges.filter((f) => f.properties.what === 'segment').length === 2 && edges.some((f) => f.properties.what === 'entrance'))

// Two at once: somebody else saves the draft that is being changed here.
await page.goto(`${at}&tab=segments`)
await page.waitForTimeout(2000)
await page.locator('select.kind').first().selectOption('water')
await press('存为新方案')
const draft = (await ask('GET', `places/outline?place_id=${made.id}&state=draft`)).body.items[0]
await page.locator('select.kind').first().selectOption('fence')
await ask('PATCH', `places/outline/${draft.id}`, { note: 'theirs' })
await press('保存')
check('the conflict says so and shows both', await page.locator('.conflict').isVisible())
check('nothing is overwritten', (await ask('GET', `places/outline/${draft.id}`)).body.segments[0].kind === 'water')
await press('用我的继续')
check('knowing both, mine goes on', (await ask('GET', `places/outline/${draft.id}`)).body.segments[0].kind === 'fence')

// Import as a dry run, then for real.
await press('导入')
await page.setInputFiles('input[type=file]', { name: 'edge.csv', mimeType: 'text/csv', buffer: Buffer.from('what,kind,line\nsegment,wall,115.912 28.681;115.914 28.681;115.914 28.682\nsegment,hedge,115.914 28.682;115.912 28.681\n') })
await press('试读')
check('a bad row is named', (await page.locator('.errors td.number').first().textContent()) === '3')
await page.setInputFiles('input[type=file]', { name: 'edge.csv', mimeType: 'text/csv', buffer: Buffer.from('what,kind,line\nsegment,wall,115.912 28.681;115.914 28.681;115.914 28.682\nsegment,fence,115.914 28.682;115.912 28.681\n') })
await page.waitForTimeout(300)
await press('试读')
const before = (await ask('GET', `places/outline?place_id=${made.id}`)).body.items.length
await press('写入草稿')
await page.waitForTimeout(800)
const after = (await ask('GET', `places/outline?place_id=${made.id}`)).body.items.length
check(`the dry run wrote nothing, the second did: ${before} ${after}`, after === before + 1)

check(`reports ${[...new Set(browser.reports)].join('; ')}`, browser.reports.length === 0)
check(`from outside ${browser.foreign}`, browser.foreign.length === 0)
await browser.close()
end()
