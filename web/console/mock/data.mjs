// The demo of the mock: invented people, the cases of the sketch, Beilin, Jingtai and Honggu Spring.
import { randomUUID } from 'node:crypto'

export const password = 'jiuan-demo'
const minute = 60_000
const hour = 60 * minute
let counter = 0

export const id = () => (Date.now().toString(36) + (counter++).toString(36).padStart(4, '0') + randomUUID().replaceAll('-', '')).slice(0, 26)
export const at = (ms) => new Date(ms).toISOString().replace('Z', '000Z')
export const ago = (ms) => at(Date.now() - ms)

const row = (extra) => ({ id: id(), version: 1, created_at: ago(hour), updated_at: ago(hour), ...extra })

const city = '36.3601.'
const rectangle = (lon, lat, w, h) => ({
  type: 'Polygon',
  coordinates: [[[lon, lat], [lon + w, lat], [lon + w, lat + h], [lon, lat + h], [lon, lat]]],
})

export function seed() {
  const db = {
    'places.place': [], 'sensing.device': [], 'sensing.gap': [], 'sensing.drawing': [], 'watch.rule': [], 'watch.alert': [], 'watch.silence': [],
    'watch.welfare': [], 'watch.leave': [], 'dispatch.task': [], 'dispatch.shift': [], 'dispatch.handover': [], 'dispatch.attempt': [], 'dispatch.mark': [], 'dispatch.calendar': [], 'people.person': [], 'people.contact': [],
  }
  const add = (entity, extra) => {
    const made = row(extra)
    db[entity].push(made)
    return made
  }

  const place = (parent, kind, code, name, extra = {}) => add('places.place', {
    parent_id: parent?.id ?? null, kind, code, name, path: `${parent?.path ?? city}${code}.`, label: extra.label ?? name,
    lon: null, lat: null, boundary: null, area_m2: null, declared_area_m2: null, datum: 'wgs84', floors: null, grid_id: null, ...extra,
  })

  const district = place(null, 'district', '360111', '青山湖区')
  const beilin = place(district, 'community', 'beilin', '贝林社区', { boundary: rectangle(115.9, 28.68, 0.0115, 0.0082), declared_area_m2: 970_000 })
  const grids = ['一', '二'].map((n, i) => place(beilin, 'grid', `g${i + 1}`, `第${n}网格`, { boundary: rectangle(115.9003 + i * 0.0056, 28.6803, 0.0054, 0.0076) }))
  const enclosure = place(beilin, 'enclosure', 'e1', '贝林小区', { boundary: rectangle(115.9012, 28.6812, 0.009, 0.0058) })
  const buildings = Array.from({ length: 12 }, (_, i) => place(enclosure, 'building', String(i + 1), `${i + 1} 栋`, {
    boundary: rectangle(115.9018 + (i % 4) * 0.0021, 28.6817 + Math.floor(i / 4) * 0.0018, 0.0014, 0.0007),
    floors: 18, grid_id: grids[i % 2].id, label: `${i + 1} 栋`,
  }))
  const jingtai = place(district, 'community', 'jingtai', '江铃景泰花园', { boundary: rectangle(115.913, 28.681, 0.005, 0.005) })
  const honggu = place(district, 'community', 'honggu', '红谷春天', { boundary: rectangle(115.913, 28.687, 0.006, 0.004) })
  const home = place(jingtai, 'enclosure', 'e1', '景泰花园', { boundary: rectangle(115.9134, 28.6814, 0.0042, 0.0042) })
  const jt3 = place(home, 'building', '3', '3 栋', { boundary: rectangle(115.9142, 28.6825, 0.0012, 0.0006), floors: 18, label: '3 栋' })
  for (const [i, code] of ['1', '2', '4', '5'].entries()) {
    place(home, 'building', code, `${code} 栋`, { boundary: rectangle(115.9138 + (i % 2) * 0.002, 28.6818 + Math.floor(i / 2) * 0.0022, 0.0012, 0.0005), label: `${code} 栋` })
  }
  const unit = place(jt3, 'unit', '2', '2 单元', { label: '3-2' })
  const dwelling = place(unit, 'dwelling', '501', '501', { label: '3-2-501' })
  const spring = place(honggu, 'enclosure', 'e1', '红谷春天小区', { boundary: rectangle(115.9134, 28.6873, 0.0052, 0.0033) })
  const hg = Object.fromEntries(['4', '7', '9'].map((c, i) => [c, place(spring, 'building', c, `${c} 栋`, { boundary: rectangle(115.9138 + i * 0.0016, 28.6878 + (i % 2) * 0.001, 0.0012, 0.0006), floors: 32, label: `${c} 栋` })]))
  const lane = place(spring, 'spot', 'lane2', '2 号消防通道', { lon: 115.9165, lat: 28.6895, label: '2 号通道' })
  const eastGate = place(enclosure, 'spot', 'east', '东门 2 道', { lon: 115.9101, lat: 28.684, label: '东门 2 道' })

  const person = (login, name, role, permissions) => add('people.person', { login, name, display: name, phone: '138 0000 0000', role, permissions })
  const desk = ['watch.*', 'dispatch.read', 'dispatch.export', 'dispatch.handover', 'sensing.export', 'dispatch.send', 'dispatch.shift.write', 'sensing.read', 'sensing.manage', 'places.place.read', 'people.person.reveal', 'people.contact.read', 'people.contact.reveal']
  const chen = person('chenxiao', '陈晓', 'seat', desk)
  person('linfang', '林芳', 'seat', desk)
  const worker = ['dispatch.work', 'places.place.read']
  const wang = person('wangjing', '王静', 'grid_worker', worker)
  const zhou = person('zhoumin', '周敏', 'grid_worker', worker)
  const li = person('liguoqiang', '李国强', 'grid_worker', worker)
  person('newcomer', '周敏', 'grid_worker', worker).must_change_password = true
  const resident = add('people.person', { login: null, name: '（演示住户）', display: '', phone: '0791-0000 0000', role: 'resident', permissions: [] })

  const device = (name, kind, where, extra = {}) => add('sensing.device', {
    name, kind, source: `urn:demo:${kind}:${db['sensing.device'].length}`, place_id: where?.id ?? null, place_path: where?.path ?? null,
    state: 'active', health: 'in_order', last_seen_at: ago(40_000), heartbeat_s: 60, battery: null, skew_ms: 12, tampered: false,
    events_total: 18_230, refused_total: 0, lon: null, lat: null, legal_basis: kind === 'camera' ? '公共安全视频备案 2026-014' : null,
    sign_record: kind === 'camera' ? '已立牌' : null, field_of_view: kind === 'camera' ? '公共部位，不含住户室内' : null, filed_at: null, ...extra,
  })
  const door32 = device('3 栋 2 单元门', 'door', unit)
  const meter = device('3-2-501 水表', 'meter', unit, { battery: 71 })
  const camera7 = device('7 栋外立面相机', 'camera', hg['7'])
  const lobby4 = device('4 栋大堂相机', 'camera', hg['4'])
  const lobby9 = device('9 栋大堂相机', 'camera', hg['9'])
  const laneCam = device('2 号通道相机', 'camera', lane)
  const east = device('东门 2 道', 'gate', eastGate)
  const gateway = device('贝林网关 1', 'gateway', enclosure, { health: 'silent', last_seen_at: ago(9 * minute) })
  for (let n = 12; n <= 15; n++) device(`相机 ${n}`, 'camera', buildings[n - 12], { health: 'silent', last_seen_at: ago(9 * minute), gateway_id: gateway.id })
  device('5 栋燃气探头', 'sensor', buildings[4], { battery: 18, health: 'low_battery' })
  device('6 栋门禁', 'door', buildings[5], { health: 'clock_off', skew_ms: 184_000 })
  for (let n = 0; n < 6; n++) device(`${n + 7} 栋楼道传感器`, 'sensor', buildings[(n + 6) % 12], { battery: 90 - n * 3 })
  for (let n = 0; n < 3; n++) device(`未登记设备 ${n + 1}`, 'sensor', null, { state: 'quarantined', health: 'in_order', events_total: 40 + n, last_seen_at: ago(n * minute) })
  add('sensing.gap', { device_id: gateway.id, place_path: enclosure.path, from_at: ago(9 * minute), to_at: null, reason: 'silent' })
  add('sensing.gap', { device_id: lobby9.id, place_path: hg['9'].path, from_at: ago(20 * hour), to_at: ago(18 * hour), reason: 'silent' })
  add('sensing.gap', { device_id: east.id, place_path: eastGate.path, from_at: ago(7 * hour), to_at: ago(6.5 * hour), reason: 'clock_off' })

  const rule = (name, template, kind, severity, definition, numbers, state = 'active') => add('watch.rule', {
    name, template, kind, severity, definition: { kind, severity, template, ...definition }, state, revision: 4,
    revisions: [3, 4].map((n) => ({ revision: n, made_at: ago((8 - n) * 40 * hour), actor_id: null, definition: { kind, severity, template, ...definition, ...(n === 3 ? { merge_s: 60 } : {}) } })), place_id: beilin.id, place_path: beilin.path,
    fired_30d: numbers[0], closed_true: numbers[1], closed_useful: numbers[2], closed_false: numbers[3], suppressed: numbers[4] ?? 0,
  })
  const rules = {
    elder: rule('独居未见', 'elder-absence', 'absence', 'high', { key: 'watch', for_s: 259_200, task: { form: 'elder-visit' } }, [6, 2, 3, 1]),
    thrown: rule('高空抛物', 'thrown-object', 'match', 'urgent', { key: 'place', when: { all: [{ type: 'cn.jiuan.camera.thrown.v1' }, { field: 'score', op: 'ge', value: 0.6 }] }, cooldown_s: 60, merge_s: 120, limit: { n: 60, per_s: 3600 } }, [4, 2, 0, 2]),
    bike: rule('电动车进楼', 'e-bike-inside', 'match', 'high', { key: 'place', key_field: 'zone', when: { all: [{ type: 'cn.jiuan.camera.object.v1' }, { field: 'label', op: 'eq', value: 'e-bike' }] }, cooldown_s: 300, merge_s: 600 }, [41, 33, 4, 4, 12]),
    lane: rule('消防通道占用', 'fire-lane', 'dwell', 'high', { key: 'device', key_field: 'zone', for_s: 300, merge_s: 600 }, [17, 12, 3, 2]),
    door: rule('门长时间未关', 'door-held', 'dwell', 'normal', { key: 'device', for_s: 60, merge_s: 300 }, [63, 30, 20, 13, 40]),
    silent: rule('设备失联', 'device-silent', 'absence', 'normal', { key: 'device', for_s: 300, merge_s: 600 }, [22, 20, 1, 1, 3]),
    gas: rule('燃气报警', null, 'match', 'urgent', { key: 'place', when: { type: 'cn.jiuan.sensor.gas.v1' } }, [1, 1, 0, 0]),
    draft: rule('访客连错', null, 'count', 'normal', { key: 'device', count: 5, window_s: 300, when: { type: 'cn.jiuan.access.refused.v1' } }, [0, 0, 0, 0], 'draft'),
  }
  const welfare = add('watch.welfare', { dwelling_id: dwelling.id, place_path: dwelling.path, person_id: resident.id, state: 'active', hours: 72, sources: [door32.id, meter.id], last_seen_at: ago(72 * hour), paused_until: null, masked: ['person_id', 'last_seen_at'] })
  add('people.contact', { person_id: resident.id, kind: 'family', order_no: 1, name: '（演示家人）', phone: '0791-0000 0001', masked: ['name', 'phone'] })

  let number = 1031
  const alert = (r, where, age_ms, question, facts, extra = {}) => add('watch.alert', {
    number: `A-${++number}`, rule_id: r.id, rule_revision: r.revision, kind: r.template ?? r.name, severity: extra.severity ?? r.severity, state: 'new',
    place_id: where.id, place_path: where.path, place_label: where.label, question, facts, opened_at: ago(age_ms), last_at: ago(age_ms / 2),
    ongoing: false, sources: 1, acked_by: null, acked_by_name: null, acked_at: null, ack_due_at: at(Date.now() - age_ms + minute),
    task_id: null, outcome: null, outcome_note: null, closed_by: null, closed_at: null, escalation: 0, escalated_at: null,
    merged_into: null, silenced: false, drill: false, timeline: [{ at: ago(age_ms), what: 'opened', actor_name: null, detail: {} }],
    source_devices: [], ...extra,
  })
  alert(rules.gas, { ...buildings[4], label: '5 栋 1 单元 1 层' }, 41_000, 'gas_alarm', {})
  const s7 = alert(rules.elder, dwelling, 149_000, 'elder_absence', { hours: 72, gap_hours: 0 }, { source_devices: [door32, meter], welfare_id: welfare.id, sources: 2 })
  s7.timeline.push({ at: ago(147_000), what: 'rang', actor_name: null, detail: {} }, { at: ago(89_000), what: 'escalated', actor_name: null, detail: { level: 1 } })
  s7.escalation = 1
  const acked = { state: 'acknowledged', acked_by: chen.id, acked_by_name: '陈晓', acked_at: ago(3 * minute) }
  alert(rules.thrown, hg['7'], 250_000, 'thrown_object', { floor: 14, clip_s: 8 }, { ...acked, severity: 'high', source_devices: [camera7] })
  const blocked = alert(rules.lane, lane, 362_000, 'fire_lane', { minutes: 6 }, { ...acked, state: 'dispatched', sources: 3, ongoing: true, source_devices: [laneCam] })
  alert(rules.bike, hg['4'], 460_000, 'e_bike_inside', { zone: 'lobby' }, { severity: 'normal', source_devices: [lobby4] })
  alert(rules.door, eastGate, 491_000, 'door_held', { seconds: 90 }, { source_devices: [east] })
  alert(rules.silent, enclosure, 535_000, 'device_silent', { device: '贝林网关 1' }, { source_devices: [gateway], sources: 5 })
  alert(rules.draft, { ...eastGate, label: '西门键盘' }, 560_000, 'wrong_code', { n: 5 })
  alert(rules.bike, hg['9'], 571_000, 'e_bike_inside', { zone: 'lift' }, { severity: 'normal', source_devices: [lobby9] })
  alert(rules.door, unit, 598_000, 'door_held', { seconds: 60 }, { source_devices: [door32] })

  const offered = Date.now() - 4 * minute
  const task = add('dispatch.task', {
    number: 'T-206', alert_id: blocked.id, kind: 'fire-lane', severity: 'high', place_id: lane.id, place_path: lane.path, place_label: lane.label,
    worker_id: zhou.id, worker_name: '周敏', state: 'on_the_way', offered_at: at(offered), offer_until: at(offered + minute), accepted_at: at(offered + 20_000),
    started_at: at(offered + 45_000), arrived_at: null, reported_at: null, reviewed_at: null, closed_at: null, due_at: at(offered + 10 * minute),
    proof: null, proof_note: null, arrived_device_at: null, report: null, refuse_reason: null, instructions: null, two_people: false,
  })
  blocked.task_id = task.id

  for (const [p, kind] of [[chen, 'seat'], [wang, 'field'], [zhou, 'field'], [li, 'field']]) {
    add('dispatch.shift', {
      person_id: p.id, person_name: p.display, role: p.role, place_id: beilin.id, place_path: beilin.path,
      from_at: ago(65 * minute), to_at: at(Date.now() + 7 * hour), kind, note: null,
    })
  }
  return { db, district, people: { chen, wang, zhou, li }, rules, places: { dwelling, hg, eastGate, buildings } }
}
