// A stand-in for the server while pages are built and tested: the contract of docs/interfaces.md in memory.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ago, at, id, password, seed } from './data.mjs'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; worker-src 'self'; media-src 'self' blob:; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default vue"
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' }
const rank = { urgent: 1, high: 2, normal: 3 }
const minute = 60_000

class Refusal extends Error {
  constructor(status, code, extra = {}) {
    super(code)
    Object.assign(this, { status, code, extra })
  }
}

export function startMock(port = 0) {
  const world = seed()
  const { db } = world
  const sessions = new Map()
  const answers = new Map()
  const listeners = new Set()
  const told = []
  let feed = 'open'
  let eventNumber = 0
  let taskNumber = 206

  const visible = ({ timeline, source_devices, welfare_id, permissions, role, must_change_password, gateway_id, revisions, tested, ...rest }) =>
    Object.assign(rest, Object.fromEntries((rest.masked ?? []).map((f) => [f, null])))
  const find = (entity, rowId) => db[entity]?.find((r) => r.id === rowId) ?? refuse(404, 'not_found')
  const refuse = (status, code, extra) => { throw new Refusal(status, code, extra) }

  function touch(entity, row, verb) {
    row.version++
    row.updated_at = ago(0)
    tell(entity, row, verb)
    return row
  }
  function tell(entity, row, verb) {
    const data = JSON.stringify({ entity, id: row.id, version: row.version, verb, place_path: row.place_path ?? '' })
    const text = `id: ${++eventNumber}\nevent: ${entity}\ndata: ${data}\n\n`
    told.push([eventNumber, text])
    for (const res of listeners) res.write(text)
  }
  function line(alertId, what, actor, detail = {}) {
    const alert = db['watch.alert'].find((a) => a.id === alertId)
    if (!alert) return
    alert.timeline.push({ at: ago(0), what, actor_name: actor?.display ?? null, detail })
    if (!what.startsWith('task_')) return
    touch('watch.alert', alert, what)
  }
  function insert(entity, body) {
    const row = { id: id(), version: 1, created_at: ago(0), updated_at: ago(0), ...body }
    db[entity].push(row)
    tell(entity, row, 'create')
    return row
  }

  const me = (person) => {
    const seat = db['dispatch.shift'].find((s) => s.person_id === person.id && s.kind === 'seat' && Date.parse(s.to_at) > Date.now())
    return {
      person: { id: person.id, login: person.login, display: person.display }, must_change_password: Boolean(person.must_change_password),
      posts: [{ id: `p-${person.id.slice(0, 8)}`, role: person.role, place_id: world.district.id, place_path: world.district.path, place_name: '贝林社区' }],
      permissions: person.permissions, scope: { place_id: world.district.id, path: world.district.path, name: '贝林社区 · 值守台' },
      seat: seat ? { shift_id: seat.id, kind: seat.kind, place_id: seat.place_id, since: seat.from_at, until: seat.to_at } : null, locked: Boolean(person.locked), idle_s: 900, server_time: ago(0), demo: true,
    }
  }

  const need = (row, states) => states.includes(row.state) || refuse(409, 'wrong_state', { field: 'state', current: visible(row) })

  const steps = {
    'watch.alert': {
      ack(row, _, who) {
        need(row, ['new'])
        Object.assign(row, { state: 'acknowledged', acked_by: who.id, acked_by_name: who.display, acked_at: ago(0) })
        line(row.id, 'acked', who)
      },
      close(row, body, who) {
        need(row, ['new', 'acknowledged', 'dispatched'])
        if (!body.outcome) refuse(422, 'required', { field: 'outcome' })
        if (!body.outcome_note) refuse(422, 'required', { field: 'outcome_note' })
        Object.assign(row, { state: 'closed', outcome: body.outcome, outcome_note: body.outcome_note, closed_by: who.id, closed_at: ago(0) })
        line(row.id, 'closed', who, { outcome: body.outcome, outcome_note: body.outcome_note })
      },
      escalate(row, body, who) {
        need(row, ['new', 'acknowledged', 'dispatched'])
        row.escalation++
        row.escalated_at = ago(0)
        line(row.id, 'escalated', who, { level: row.escalation, note: body.note })
      },
      merge(row, body, who) {
        need(row, ['new', 'acknowledged', 'dispatched'])
        const into = find('watch.alert', body.merged_into)
        Object.assign(row, { merged_into: into.id, state: 'closed', closed_at: ago(0) })
        into.sources += row.sources
        line(into.id, 'merged', who, { number: row.number })
        touch('watch.alert', into, 'merge')
      },
      reopen(row, body, who) {
        row.state = 'acknowledged'
        line(row.id, 'reopened', who, { note: body.note })
      },
    },
    'dispatch.task': {
      accept: (row, _, who) => taskStep(row, ['offered'], 'accepted', who, { accepted_at: ago(0) }, 'task_accepted'),
      refuse: (row, body, who) => taskStep(row, ['offered', 'accepted'], 'refused', who, { refuse_reason: body.refuse_reason }, 'task_refused', { refuse_reason: body.refuse_reason }),
      start: (row, _, who) => taskStep(row, ['accepted'], 'on_the_way', who, { started_at: ago(0) }, 'task_started'),
      arrive: (row, body, who) => taskStep(row, ['accepted', 'on_the_way'], 'arrived', who, { arrived_at: ago(0), ...body }, 'task_arrived', { proof: body.proof }),
      report: (row, body, who) => taskStep(row, ['arrived'], 'reported', who, { reported_at: ago(0), report: body.report }, 'task_reported'),
      review: (row, _, who) => taskStep(row, ['reported'], 'reviewed', who, { reviewed_at: ago(0) }, 'task_reviewed'),
      close: (row, _, who) => taskStep(row, ['reported', 'reviewed'], 'closed', who, { closed_at: ago(0) }, 'task_closed'),
      cancel: (row, body, who) => taskStep(row, ['offered', 'accepted', 'on_the_way'], 'cancelled', who, { refuse_reason: body.refuse_reason }, 'task_cancelled'),
    },
    'watch.rule': {
      switch_on(row, body) {
        if (row.tested !== `${row.revision}:${body.backtest_id}`) refuse(409, 'backtest_needed', { field: 'backtest_id' })
        row.state = 'active'
      },
      switch_off(row) { row.state = 'off' },
    },
    'sensing.device': {
      approve(row, body) {
        const where = find('places.place', body.place_id)
        Object.assign(row, { state: 'active', place_id: where.id, place_path: where.path })
      },
      refuse(row) { row.state = 'refused' },
      retire(row) { row.state = 'retired' },
    },
    'dispatch.handover': {
      accept(row, body, who) {
        need(row, ['open'])
        const alert = find('watch.alert', body.alert_id)
        Object.assign(row, { to_id: who.id, to_name: who.display })
        if (!row.accepted.some((a) => a.id === alert.id)) row.accepted.push({ id: alert.id, number: alert.number, at: ago(0) })
        line(alert.id, 'taken_over', who, { from_name: row.from_name })
      },
      take(row, body, who) {
        need(row, ['open'])
        const left = openAlerts().find((a) => a.severity === 'urgent' && !row.accepted.some((x) => x.id === a.id))
        if (left) refuse(409, 'urgent_not_accepted', { field: 'alert_id' })
        const before = find('dispatch.shift', row.shift_id)
        before.to_at = ago(1000)
        insert('dispatch.shift', { ...before, id: id(), person_id: who.id, person_name: who.display, from_at: ago(1000), to_at: body.until_at })
        Object.assign(row, { state: 'done', to_id: who.id, to_name: who.display, done_at: ago(0) })
      },
      withdraw(row) { row.state = 'withdrawn' },
    },
    'dispatch.calendar': { end(row) { row.state = 'ended' } },
    'watch.silence': { end(row) { row.until_at = ago(0) } },
  }
  function taskStep(row, from, to, who, fields, what, detail) {
    need(row, from)
    Object.assign(row, { state: to, ...fields })
    line(row.alert_id, what, who, detail)
  }

  const creators = {
    'dispatch.task'(body, who) {
      const alert = find('watch.alert', body.alert_id)
      if (alert.state === 'new') refuse(409, 'not_acknowledged', { field: 'alert_id', current: visible(alert) })
      const worker = find('people.person', body.worker_id)
      const now = Date.now()
      const task = insert('dispatch.task', {
        number: `T-${++taskNumber}`, alert_id: alert.id, kind: alert.kind, severity: alert.severity, place_id: alert.place_id, place_path: alert.place_path,
        place_label: alert.place_label, worker_id: worker.id, worker_name: worker.display, state: 'offered', offered_at: at(now), offer_until: at(now + minute),
        accepted_at: null, started_at: null, arrived_at: null, reported_at: null, reviewed_at: null, closed_at: null, due_at: at(now + 10 * minute),
        proof: null, proof_note: null, arrived_device_at: null, report: null, refuse_reason: null, instructions: body.instructions ?? null, two_people: false,
      })
      Object.assign(alert, { state: 'dispatched', task_id: task.id })
      line(alert.id, 'task_offered', who, { worker: worker.display })
      return task
    },
    'dispatch.handover'(body, who) {
      return insert('dispatch.handover', {
        shift_id: body.shift_id, from_id: who.id, from_name: who.display, place_path: world.district.path, note: body.note ?? null, state: 'open', to_id: null, to_name: null, done_at: null, accepted: [],
        alerts: openAlerts().map((a) => ({ id: a.id, number: a.number, severity: a.severity, place_label: a.place_label })),
        tasks: db['dispatch.task'].filter((k) => !['closed', 'refused', 'expired', 'cancelled'].includes(k.state)).map((k) => ({ id: k.id, number: k.number, worker_name: k.worker_name, state: k.state, place_label: k.place_label })),
      })
    },
    'dispatch.calendar': (body, who) => insert('dispatch.calendar', { place_id: null, place_path: null, ...body, person_id: who.id, state: 'live', renewed_at: null }),
    'dispatch.shift'(body) {
      const who = find('people.person', body.person_id)
      return insert('dispatch.shift', { note: null, ...body, person_name: who.display, role: who.role, place_path: find('places.place', body.place_id).path })
    },
    'sensing.drawing': (body) => insert('sensing.drawing', {
      residual_px: null, ...body, place_path: find('sensing.device', body.device_id).place_path,
      revision: 1 + db['sensing.drawing'].filter((d) => d.device_id === body.device_id).length,
    }),
    'sensing.device': (body) => insert('sensing.device', {
      place_path: null, state: 'quarantined', health: 'never_seen', last_seen_at: null, heartbeat_s: 60, battery: null, skew_ms: null, tampered: false,
      events_total: 0, refused_total: 0, lon: null, lat: null, legal_basis: null, sign_record: null, field_of_view: null, filed_at: null, ...body, ...(body.place_id ? { state: 'active', place_path: find('places.place', body.place_id).path } : {}),
    }),
  }

  const forms = {
    kind: 'visit',
    fields: [
      { name: 'condition', type: 'choice', required: true, words: ['fine', 'needs_help', 'not_home', 'injured'] },
      { name: 'action', type: 'choice', required: true, words: ['talked', 'called_family', 'called_120', 'none'] },
      { name: 'next_step', type: 'choice', required: true, words: ['none', 'visit_again', 'call_family', 'repair'] },
      { name: 'note', type: 'text', max: 1000 },
    ],
  }

  function candidates(alertId) {
    const { wang, zhou, li } = world.people
    const busy = (p) => db['dispatch.task'].filter((t) => t.worker_id === p.id && ['accepted', 'on_the_way', 'arrived'].includes(t.state)).length
    find('watch.alert', alertId)
    return [
      { person_id: wang.id, name: wang.display, phone_known: true, can_send: true, reasons: [{ code: 'own_grid' }, { code: 'on_shift' }, { code: 'on_foot_min', n: 4 }, { code: 'position_age_min', n: 2 }], shortfalls: busy(wang) ? [{ code: 'busy', n: busy(wang) }] : [] },
      { person_id: zhou.id, name: zhou.display, phone_known: true, can_send: true, reasons: [{ code: 'on_shift' }, { code: 'on_foot_min', n: 9 }], shortfalls: [{ code: 'other_grid' }, { code: 'position_age_min', n: 15 }, ...(busy(zhou) ? [{ code: 'busy', n: busy(zhou) }] : [])] },
      { person_id: li.id, name: li.display, phone_known: true, can_send: false, reasons: [], shortfalls: [{ code: 'resting_until', at: at(Date.now() + 3 * 3_600_000) }] },
    ]
  }

  function caseOf(alert) {
    const rule = db['watch.rule'].find((r) => r.id === alert.rule_id)
    const lastSeen = Date.parse(alert.opened_at) - (alert.facts?.hours ?? 0) * 3_600_000
    return {
      alert: visible(alert), rule: rule ? { id: rule.id, name: rule.name, revision: alert.rule_revision } : null,
      sources: alert.source_devices.map((d, i) => ({ device_id: d.id, name: d.name, kind: d.kind, first_at: at(lastSeen - (i + 1) * 3_600_000), last_at: at(lastSeen - i * 600_000), n: 3 + i })),
      events: [], coverage: alert.welfare_id ? { hours: 72, gap_hours: 0, gaps: [] } : null,
      leave: db['watch.leave'].filter((l) => l.welfare_id === alert.welfare_id),
      similar: db['watch.alert'].filter((a) => a.id !== alert.id && a.rule_id === alert.rule_id && a.state !== 'closed')
        .map((a) => ({ id: a.id, number: a.number, state: a.state, opened_at: a.opened_at })),
      welfare_id: alert.welfare_id ?? null,
    }
  }

  function backtest(rule, days) {
    const history = Math.min(days, 12)
    const per_day = Array.from({ length: history }, (_, i) => ({
      day: ago((history - i) * 86_400_000).slice(0, 10), urgent: rule.severity === 'urgent' ? i % 2 : 0, high: rule.severity === 'high' ? (i * 3) % 4 : 0, normal: rule.severity === 'normal' ? (i * 5) % 7 : 0,
    }))
    const result = {
      id: id(), days, history_days: history, fired: per_day.reduce((n, d) => n + d.urgent + d.high + d.normal, 0), per_day,
      by_hour: Array.from({ length: 24 }, (_, h) => Math.max(0, Math.round(5 * Math.sin((h - 6) / 4)))), worst_10_min: 2,
      top_places: [{ place_id: world.places.hg['4'].id, label: '4 栋', n: 9 }, { place_id: world.places.eastGate.id, label: '东门 2 道', n: 4 }],
      samples: Array.from({ length: 5 }, (_, i) => ({ at: ago((i + 1) * 30 * 3_600_000), place_id: world.places.hg['4'].id, label: i % 2 ? '4 栋' : '9 栋', events: [{ at: ago((i + 1) * 30 * 3_600_000), type: 'cn.jiuan.camera.object.v1', device_id: '', data: { label: 'e-bike', zone: 'lobby', score: 0.82 } }] })),
      kept: { true: rule.closed_true, useful: rule.closed_useful, false: rule.closed_false },
    }
    rule.tested = `${rule.revision}:${result.id}`
    return result
  }

  const openAlerts = () => db['watch.alert'].filter((a) => a.state !== 'closed')

  const routes = [
    ['GET', /^session\/hint$/, () => ({ demo: true })],
    ['POST', /^session\/lock$/, (_, who) => { who.locked = true }],
    ['POST', /^session\/unlock$/, (ctx, who) => {
      if (ctx.body.password !== password) refuse(400, 'wrong_password', { field: 'password' })
      who.locked = false
    }],
    ['GET', /^me$/, (_, who) => me(who)],
    ['DELETE', /^session$/, (_, who, ctx) => { sessions.delete(ctx.token) }],
    ['POST', /^people\/password$/, (ctx, who) => {
      if (ctx.body.old !== password) refuse(422, 'bad_login', { field: 'old' })
      who.must_change_password = false
    }],
    ['GET', /^places\/map$/, () => ({
      type: 'FeatureCollection',
      features: db['places.place'].filter((p) => p.kind !== 'dwelling' && (p.boundary || p.lon !== null)).map((p) => ({
        type: 'Feature', geometry: p.boundary ?? { type: 'Point', coordinates: [p.lon, p.lat] },
        properties: { id: p.id, kind: p.kind, code: p.code, name: p.name, label: p.label, path: p.path },
      })),
    })],
    ['GET', /^sensing\/health$/, () => {
      const active = db['sensing.device'].filter((d) => d.state === 'active')
      return {
        in_order: active.filter((d) => d.health === 'in_order').length, total: active.length, quarantined: db['sensing.device'].filter((d) => d.state === 'quarantined').length,
        silent: active.filter((d) => d.health === 'silent').map((d) => ({ id: d.id, name: d.name, since: d.last_seen_at })), as_of: ago(0),
      }
    }],
    ['POST', /^sensing\/device\/(\w+)\/key$/, (ctx) => (find('sensing.device', ctx.params[0]), { key: `jd_${id()}` })],
    ['GET', /^watch\/board$/, () => {
      const open = openAlerts()
      const count = (s) => open.filter((a) => a.severity === s).length
      const active = db['sensing.device'].filter((d) => d.state === 'active')
      const seat = db['dispatch.shift'].find((s) => s.kind === 'seat' && Date.parse(s.to_at) > Date.now())
      return {
        open: { urgent: count('urgent'), high: count('high'), normal: count('normal') }, last_10_min: open.filter((a) => Date.now() - Date.parse(a.opened_at) < 10 * minute).length, suppressed: 0,
        last_closed_at: ago(26 * minute), self_test: { at: ago(4 * minute), ok: true },
        seat: seat ? { person_name: seat.person_name, since: seat.from_at, until: seat.to_at } : null, workers_on_duty: db['dispatch.shift'].filter((s) => s.kind === 'field').length,
        devices: { in_order: active.filter((d) => d.health === 'in_order').length, total: active.length },
      }
    }],
    ['GET', /^watch\/alert\/(\w+)\/case$/, (ctx) => caseOf(find('watch.alert', ctx.params[0]))],
    ['GET', /^watch\/alert\/(\w+)\/timeline$/, (ctx) => ({ items: find('watch.alert', ctx.params[0]).timeline })],
    ['GET', /^watch\/call$/, () => ({ items: [['fire', 'urgent'], ['person_down', 'urgent'], ['water', 'high'], ['noise', 'normal'], ['other', 'normal']].map(([kind, severity]) => ({ kind, severity })) })],
    ['POST', /^watch\/call$/, (ctx, who) => {
      const place = find('places.place', ctx.body.place_id)
      if (!ctx.body.text) refuse(400, 'required', { field: 'text' })
      const kind = `call-${ctx.body.kind}`
      const open = openAlerts().find((a) => a.kind === kind && a.place_id === place.id)
      const said = { at: ago(0), what: 'called', actor_name: who.display, detail: { source: 'call', text: ctx.body.text } }
      if (open) {
        open.timeline.push(said)
        return visible(touch('watch.alert', open, 'source'))
      }
      const from = openAlerts().find((a) => a.question === 'door_held') ?? db['watch.alert'][0]
      return visible(insert('watch.alert', {
        ...from, id: id(), version: 1, number: `A-${3000 + db['watch.alert'].length}`, rule_id: null, rule_revision: null, kind, question: kind.replaceAll('-', '_'), severity: ctx.body.severity ?? 'high', state: 'new',
        place_id: place.id, place_path: place.path, place_label: place.label, facts: { source: 'call' }, acked_by: null, acked_by_name: null, acked_at: null, task_id: null, outcome: null, closed_at: null, merged_into: null,
        sources: 0, opened_at: ago(0), last_at: ago(0), source_devices: [], welfare_id: null, timeline: [{ at: ago(0), what: 'opened', actor_name: null, detail: {} }, said],
      }))
    }],
    ['POST', /^watch\/alert\/(\w+)\/note$/, (ctx, who) => {
      const alert = find('watch.alert', ctx.params[0])
      line(alert.id, 'note', who, { text: ctx.body.text })
      touch('watch.alert', alert, 'note')
    }],
    ['GET', /^watch\/rule\/(\w+)\/revisions$/, (ctx) => ({ items: find('watch.rule', ctx.params[0]).revisions })],
    ['POST', /^watch\/rule\/(\w+)\/backtest$/, (ctx) => backtest(find('watch.rule', ctx.params[0]), ctx.body.days)],
    ['POST', /^dispatch\/calendar\/(\w+)\/renew$/, (ctx) => {
      const row = touch('dispatch.calendar', Object.assign(find('dispatch.calendar', ctx.params[0]), { renewed_at: ago(0) }), 'renew')
      return { id: row.id, version: row.version, address: `/api/dispatch/rota.ics?key=${'k'.repeat(43)}` }
    }],
    ['POST', /^dispatch\/rota\/import$/, (ctx) => {
      const events = ctx.text.split('BEGIN:VEVENT').slice(1)
      const errors = events.flatMap((e, i) => (e.includes('ATTENDEE') ? [] : [{ component: i + 1, uid: null, code: 'required', field: 'ATTENDEE', detail: 'whose shift is it?' }]))
      const dry = ctx.query.get('dry_run') === 'true'
      return { components: events.length, created: events.length - errors.length, unchanged: 0, refused: errors.length, dry_run: dry, written: !dry, errors }
    }],
    ['GET', /^dispatch\/candidates$/, (ctx) => ({ items: candidates(ctx.query.get('alert')) })],
    ['GET', /^dispatch\/form$/, () => forms],
    ['GET', /^dispatch\/mine$/, (_, who) => ({ items: db['dispatch.task'].filter((t) => t.worker_id === who.id).reverse().map(visible) })],
    ['POST', /^dispatch\/position$/, () => undefined],
    // "cut": no answer, as with a pulled cable; "refused": somebody answers, but not the feed.
    ['POST', /^mock\/feed$/, (ctx) => {
      feed = ctx.body.feed
      if (feed !== 'open') for (const res of listeners) res.destroy()
    }],
    ['POST', /^mock\/close$/, () => {
      for (const a of openAlerts().filter((x) => x.number.startsWith('A-2'))) touch('watch.alert', Object.assign(a, { state: 'closed', closed_at: ago(0) }), 'close')
    }],
    ['POST', /^mock\/alerts$/, (ctx) => {
      const from = db['watch.alert'].find((a) => a.question === 'door_held')
      for (let n = 0; n < (ctx.body.n ?? 1); n++) {
        insert('watch.alert', { ...from, id: id(), version: 1, number: `A-${2000 + db['watch.alert'].length}`, state: 'new', acked_by: null, acked_by_name: null, acked_at: null, task_id: null, outcome: null, closed_at: null, merged_into: null, severity: ctx.body.severity ?? 'normal', opened_at: ago(0), last_at: ago(0), timeline: [{ at: ago(0), what: 'opened', actor_name: null, detail: {} }] })
      }
    }],
    ['POST', /^(\w+)\/(\w+)\/export$/, (ctx) => {
      if (!ctx.body.purpose || !ctx.body.reason) refuse(400, 'required', { field: 'reason' })
      ctx.query.set('limit', '10000')
      return { csv: ['id,version', ...listOf(ctx).items.map((r) => `${r.id},${r.version}`), ''].join('\r\n'), name: `${ctx.params[0]}-${ctx.params[1]}-2026-03-12.csv` }
    }],
    ['GET', /^(\w+)\/(\w+)$/, (ctx) => listOf(ctx)],
    ['POST', /^(\w+)\/(\w+)$/, (ctx, who) => {
      const entity = entityOf(ctx)
      return visible(creators[entity] ? creators[entity](ctx.body, who) : insert(entity, ctx.body))
    }],
    ['GET', /^(\w+)\/(\w+)\/(\w+)$/, (ctx) => visible(find(entityOf(ctx), ctx.params[2]))],
    ['PATCH', /^(\w+)\/(\w+)\/(\w+)$/, (ctx, who) => {
      const entity = entityOf(ctx)
      const row = versioned(find(entity, ctx.params[2]), ctx)
      if (entity === 'watch.rule' && ctx.body.definition) {
        const { kind } = ctx.body.definition
        if (!['match', 'count', 'dwell', 'absence', 'sequence'].includes(kind)) refuse(422, 'unknown_word', { field: 'definition.kind' })
        row.revision++
        row.revisions.push({ revision: row.revision, made_at: ago(0), actor_id: who.id, definition: ctx.body.definition })
        row.state = 'draft'
        row.severity = ctx.body.definition.severity ?? row.severity
        row.kind = kind
      }
      Object.assign(row, ctx.body)
      return visible(touch(entity, row, 'update'))
    }],
    ['POST', /^(\w+)\/(\w+)\/(\w+)\/reveal$/, (ctx, who) => {
      const row = find(entityOf(ctx), ctx.params[2])
      if (!ctx.body.reason || !ctx.body.purpose) refuse(422, 'required', { field: 'reason' })
      for (const alert of openAlerts()) {
        if (ctx.body.reason.includes(alert.number)) line(alert.id, 'contact_opened', who, { purpose: ctx.body.purpose })
      }
      return Object.fromEntries(ctx.body.fields.map((f) => [f, row[f] ?? null]))
    }],
    ['POST', /^(\w+)\/(\w+)\/(\w+)\/(\w+)$/, (ctx, who) => {
      const entity = entityOf(ctx)
      const row = versioned(find(entity, ctx.params[2]), ctx)
      const run = steps[entity]?.[ctx.params[3]] ?? refuse(404, 'unknown_verb')
      run(row, ctx.body, who)
      return visible(touch(entity, row, ctx.params[3]))
    }],
  ]
  const entityOf = (ctx) => {
    const entity = `${ctx.params[0]}.${ctx.params[1]}`
    return db[entity] ? entity : refuse(404, 'not_found')
  }
  function versioned(row, ctx) {
    const wanted = ctx.req.headers['if-match']
    if (wanted && wanted !== `"${row.version}"`) refuse(412, 'changed_meanwhile', { current: visible(row) })
    return row
  }
  function listOf(ctx) {
    const { query } = ctx
    let rows = db[entityOf(ctx)]
    for (const [name, value] of query) {
      if (['limit', 'after', 'sort', 'under'].includes(name)) continue
      rows = rows.filter((r) => value.split(',').includes(String(r[name])))
    }
    const sort = query.get('sort')
    if (sort === 'desk') rows = [...rows].sort((a, b) => rank[a.severity] - rank[b.severity] || (a.opened_at < b.opened_at ? -1 : 1))
    else if (sort?.startsWith('-')) rows = [...rows].reverse()
    const from = Number(query.get('after') ?? 0)
    const limit = Number(query.get('limit') ?? 50)
    return { items: rows.slice(from, from + limit).map(visible), next: from + limit < rows.length ? String(from + limit) : null }
  }

  function send(res, status, body, headers = {}) {
    res.writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', 'server-time': ago(0), 'cache-control': 'no-store', ...headers })
    res.end(body === undefined ? '' : JSON.stringify(body))
  }

  function live(req, res) {
    if (feed === 'cut') return req.socket.destroy()
    if (feed === 'refused') return send(res, 503, { code: 'busy' })
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'server-time': ago(0) })
    res.write(`id: ${eventNumber}\nevent: hello\ndata: ${JSON.stringify({ server_time: ago(0) })}\n\n`)
    const seen = Number(req.headers['last-event-id'] ?? eventNumber)
    for (const [n, text] of told) if (n > seen) res.write(text)
    listeners.add(res)
    const beat = setInterval(() => res.write(': alive\n\n'), 15_000)
    req.on('close', () => {
      clearInterval(beat)
      listeners.delete(res)
    })
  }

  async function api(req, res, path, query) {
    const request = `r-${id().slice(0, 8)}`
    try {
      let raw = ''
      for await (const chunk of req) raw += chunk
      const body = raw && !raw.startsWith('BEGIN:') ? JSON.parse(raw) : {}
      const token = /jiuan_session=(\w+)/.exec(req.headers.cookie ?? '')?.[1]
      const who = sessions.get(token)
      if (req.method === 'POST' && path === 'session') {
        const person = db['people.person'].find((p) => p.login === body.login)
        if (!person || body.password !== password) refuse(401, 'bad_login')
        const fresh = id()
        sessions.set(fresh, person)
        return send(res, 200, me(person), { 'set-cookie': `jiuan_session=${fresh}; HttpOnly; SameSite=Strict; Path=/` })
      }
      if (!who && path !== 'session/hint') refuse(401, 'sign_in')
      if (path === 'live') return live(req, res)
      const key = req.headers['idempotency-key']
      const stored = req.method === 'GET' ? undefined : answers.get(key)
      if (stored) return stored.raw === raw ? send(res, stored.status, stored.answer) : refuse(409, 'idempotency_mismatch')
      if (req.method !== 'GET' && !/^.{8,64}$/.test(key ?? '')) refuse(400, 'required', { field: 'Idempotency-Key' })
      if (who?.locked && !/^(me|session.*|watch\/board|watch\/alert(\/\w+)?)$/.test(path)) refuse(403, 'seat_locked')
      for (const [method, pattern, run] of routes) {
        const match = method === req.method && pattern.exec(path)
        if (!match) continue
        const answer = run({ req, body, text: raw, query, token, params: match.slice(1) }, who, { token })
        if (answer?.csv) {
          res.writeHead(200, { 'content-type': 'text/csv; charset=utf-8; header=present', 'content-disposition': `attachment; filename="${answer.name}"`, 'server-time': ago(0) })
          return res.end(answer.csv)
        }
        const status = answer === undefined ? 204 : 200
        if (key) answers.set(key, { raw, status, answer })
        return send(res, status, answer)
      }
      refuse(404, 'not_found')
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error)
      send(res, error.status ?? 500, { type: 'about:blank', title: error.code, status: error.status ?? 500, code: error.code ?? 'internal', request, ...error.extra })
    }
  }

  function file(res, path) {
    let name = join(dist, normalize(path))
    if (!name.startsWith(dist) || !existsSync(name) || statSync(name).isDirectory()) name = join(dist, 'index.html')
    res.writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream', 'content-security-policy': policy, 'x-content-type-options': 'nosniff' })
    createReadStream(name).pipe(res)
  }

  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://mock')
    if (url.pathname.startsWith('/api/')) void api(req, res, url.pathname.slice(5), url.searchParams)
    else file(res, url.pathname)
  })
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done({ url: `http://127.0.0.1:${server.address().port}`, world, close: () => { server.closeAllConnections(); server.close() } })))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock(Number(process.env.PORT ?? 8790))
  console.log(`mock on ${mock.url}, sign in as chenxiao or wangjing with ${password}`)
}
