/** The rows of the server's interface. Names are those of docs/interfaces.md. */

import type { AccessRows } from './access'
import type { Doorway, EntranceState, Segment } from './logic/edge'

export type Id = string
export type Instant = string

export interface Row {
  id: Id
  version: number
  created_at: Instant
  updated_at: Instant
  /** Fields of class P2 or P3 that arrived as null until a reason opens them. */
  masked?: string[]
}

export interface Page<T> {
  items: T[]
  next: string | null
}

export type Severity = 'urgent' | 'high' | 'normal'
export type AlertState = 'new' | 'acknowledged' | 'dispatched' | 'closed'
export type Outcome = 'true' | 'useful' | 'false'
export type Facts = Record<string, number | string | boolean | null>

export interface Post {
  id: Id
  role: string
  place_id: Id
  place_path: string
  place_name: string
}

export interface Seat {
  id?: Id
  person_id?: Id
  person_name?: string
  from_at?: Instant
  to_at?: Instant
  since?: Instant
  until?: Instant
}

export interface Me {
  person: { id: Id; login: string; display: string }
  must_change_password: boolean
  posts: Post[]
  permissions: string[]
  scope: { place_id: Id; path: string; name: string }
  seat: { shift_id: Id; kind: string; since: Instant; until: Instant } | null
  /** The desk is locked: only the queue is readable. */
  locked?: boolean
  /** Of staff: seconds without a hand until the session ends or its desk locks. */
  idle_s?: number
  server_time: Instant
  demo: boolean
}

export interface Alert extends Row {
  number: string
  rule_id: Id | null
  rule_revision: number | null
  kind: string
  severity: Severity
  state: AlertState
  place_id: Id
  place_path: string
  place_label: string
  question: string
  facts: Facts | null
  opened_at: Instant
  last_at: Instant
  ongoing: boolean
  sources: number
  acked_by: Id | null
  acked_by_name: string | null
  acked_at: Instant | null
  ack_due_at: Instant | null
  task_id: Id | null
  outcome: Outcome | null
  outcome_note: string | null
  closed_by: Id | null
  closed_at: Instant | null
  escalation: number
  escalated_at: Instant | null
  merged_into: Id | null
  silenced: boolean
  drill: boolean
}

/** What people call the desk about, and how much it presses. */
export interface CallKind {
  kind: string
  severity: Severity
}

export interface SourceLine {
  device_id: Id
  name: string
  kind: string
  first_at: Instant | null
  last_at: Instant | null
  n: number
}

export interface EventLine {
  at: Instant
  type: string
  device_id: Id
  data: Record<string, unknown>
}

export interface GapLine {
  device_id?: Id
  from_at: Instant
  to_at: Instant | null
  reason?: string
}

export interface LeaveLine {
  from_at: Instant
  to_at: Instant | null
  kind: string
}

export type EvidenceKind = 'still' | 'clip' | 'shared' | 'photo' | 'document'
export interface EvidenceFile {
  id: Id
  kind: EvidenceKind
  media_type: string
  bytes: number
  at: Instant
  delete_at: Instant
  class: 'P0' | 'P1' | 'P2' | 'P3'
  /** Opened with a reason only. */
  closed: boolean
}
export interface Evidence {
  files: EvidenceFile[]
  missing: { kind: EvidenceKind; state: 'wanted' | 'failed'; reason: string | null }[]
  /** The case waits for this user: opening it is the recorded reason. */
  is_reason: boolean
}

export interface Case {
  alert: Alert
  evidence?: Evidence
  rule: { id: Id; name: string; revision: number } | null
  sources: SourceLine[]
  events: EventLine[]
  coverage: { hours: number; gap_hours: number; gaps: GapLine[] } | null
  leave: LeaveLine[]
  similar: { id: Id; number: string; state: AlertState; opened_at: Instant }[]
  welfare_id: Id | null
}

export interface TimelineLine {
  at: Instant
  what: string
  actor_name: string | null
  detail: Facts | null
}

export interface Board {
  open: Record<Severity, number>
  last_10_min: number
  suppressed: number
  last_closed_at: Instant | null
  self_test: { at: Instant; ok: boolean } | null
  seat: { person_name: string; since: Instant; until: Instant } | null
  workers_on_duty: number
  devices: { in_order: number; total: number }
}

export interface CandidateWord {
  code: string
  n?: number
  at?: Instant
}

export interface Candidate {
  person_id: Id
  name: string
  phone_known: boolean
  can_send: boolean
  reasons: CandidateWord[]
  shortfalls: CandidateWord[]
}

export type TaskState =
  | 'offered' | 'accepted' | 'on_the_way' | 'arrived' | 'reported'
  | 'reviewed' | 'closed' | 'refused' | 'expired' | 'cancelled'

export type Proof = 'none' | 'door_code' | 'nfc' | 'resident' | 'position'

export interface Task extends Row {
  number: string
  alert_id: Id
  kind: string
  severity: Severity
  place_id: Id
  place_path: string
  place_label: string
  worker_id: Id
  worker_name: string
  state: TaskState
  offered_at: Instant
  offer_until: Instant
  accepted_at: Instant | null
  started_at: Instant | null
  arrived_at: Instant | null
  reported_at: Instant | null
  reviewed_at: Instant | null
  closed_at: Instant | null
  due_at: Instant
  proof: Proof | null
  proof_note: string | null
  arrived_device_at: Instant | null
  report: Record<string, string | null> | null
  refuse_reason: string | null
  instructions: string | null
  two_people: boolean
  checkin_due_at?: Instant | null
  checkin_asked_at?: Instant | null
  panic_at?: Instant | null
  /** Why two: a word of a mark, "door" or "desk". */
  two_reason?: string | null
  second_at?: Instant | null
  no_reply_at?: Instant | null
}

export type RungWord = 'neighbour' | 'family' | 'key_holder' | 'locksmith' | 'police' | 'fire'
export interface Rung {
  level: number
  word: RungWord
  approve: 'nobody' | 'desk' | 'head'
  wait_min: number
  two_people: boolean
}
/** One rung tried, or asked for, at a door where nobody opened. */
export interface Attempt extends Row, Rung {
  task_id: Id
  task_number: string
  alert_id: Id
  place_label: string
  worker_name: string
  state: 'asked' | 'going' | 'refused' | 'done' | 'withdrawn'
  reason: string | null
  decided_by_name: string | null
  decided_at: Instant | null
  decision: string | null
  result: 'none' | 'reached' | 'no_answer' | 'opened' | 'failed'
}
export interface Door {
  no_reply_at: Instant | null
  rungs: Rung[]
  next: RungWord | null
  next_at: Instant | null
  attempts: Attempt[]
}
export interface DoorContact {
  kind: string
  name: string
  phone: string
}
/** Two go to this address, until then. */
export interface Mark {
  id: Id
  reason: string
  until_at: Instant
  place_label: string
  set_by_name: string | null
}

export interface FormField {
  name: string
  type: 'choice' | 'text'
  required?: boolean
  words?: string[]
  max?: number
}

export interface ReportForm {
  kind: string
  fields: FormField[]
}

export interface Shift extends Row {
  person_id: Id
  person_name: string
  role: string
  place_id: Id
  place_path: string
  from_at: Instant
  to_at: Instant
  kind: 'seat' | 'deputy' | 'field' | 'rest'
  note: string | null
}

/** The rota in calendar programs, under a secret address that is told once. */
export interface Calendar extends Row {
  person_id: Id
  scope: 'own' | 'place'
  place_id: Id | null
  place_path: string | null
  language: 'zh-CN' | 'en'
  state: 'live' | 'ended'
  renewed_at: Instant | null
}

export interface RotaReport {
  components: number
  created: number
  unchanged: number
  refused: number
  dry_run: boolean
  written: boolean
  errors: { component: number; uid: string | null; code: string; field: string; detail: string }[]
}

/** One operator leaves the seat, the next one takes it. */
export interface Handover extends Row {
  shift_id: Id
  from_id: Id
  from_name: string
  place_path: string
  note: string | null
  alerts: { id: Id; number: string; severity: Severity; place_label: string }[]
  tasks: { id: Id; number: string; worker_name: string; state: string; place_label: string }[]
  accepted: { id: Id; number: string; at: Instant }[]
  state: 'open' | 'done' | 'withdrawn'
  to_id: Id | null
  to_name: string | null
  done_at: Instant | null
}

export type DeviceState = 'quarantined' | 'active' | 'refused' | 'retired'
export type DeviceHealth =
  | 'in_order' | 'silent' | 'tampered' | 'clock_off' | 'low_battery' | 'covered' | 'never_seen'

export interface Device extends Row {
  name: string
  kind: string
  source: string
  place_id: Id | null
  place_path: string | null
  state: DeviceState
  health: DeviceHealth
  last_seen_at: Instant | null
  heartbeat_s: number | null
  battery: number | null
  skew_ms: number | null
  tampered: boolean
  events_total: number
  refused_total: number
  lon: number | null
  lat: number | null
  legal_basis: string | null
  sign_record: string | null
  field_of_view: string | null
  filed_at: Instant | null
}

/** What was drawn on a camera's picture; each saving is a revision. */
export interface CameraDrawing extends Row {
  device_id: Id
  place_path: string
  revision: number
  drawing: unknown
  residual_px: number | null
}

export interface Gap extends Row {
  device_id: Id
  place_path: string
  from_at: Instant
  to_at: Instant | null
  reason: string
}

export interface SensingHealth {
  in_order: number
  total: number
  quarantined: number
  silent: { id: Id; name: string; since: Instant }[]
  as_of: Instant
}

export interface Place extends Row {
  parent_id: Id | null
  kind: string
  code: string
  name: string
  label?: string
  path: string
  lon: number | null
  lat: number | null
  area_m2?: number | null
  declared_area_m2?: number | null
  area_off?: boolean
  datum?: string
}

export interface PlaceProperties {
  id: Id
  kind: string
  code: string
  name: string
  label: string
  path: string
}

export type PlaceFeature = GeoJSON.Feature<GeoJSON.Geometry, PlaceProperties>
export type PlaceCollection = GeoJSON.FeatureCollection<GeoJSON.Geometry, PlaceProperties>

export type RuleState = 'draft' | 'active' | 'off'

export interface Rule extends Row {
  name: string
  template: string | null
  kind: 'match' | 'count' | 'dwell' | 'absence' | 'sequence'
  severity: Severity
  definition: Record<string, unknown>
  state: RuleState
  revision: number
  place_id: Id | null
  place_path: string | null
  fired_30d: number
  closed_true: number
  closed_useful: number
  closed_false: number
  suppressed: number
}

export interface RuleRevision {
  revision: number
  made_at: Instant
  actor_id: Id | null
  definition: Record<string, unknown>
}

export interface Backtest {
  id: Id
  days: number
  history_days: number
  fired: number
  per_day: ({ day: string } & Record<Severity, number>)[]
  by_hour: number[]
  worst_10_min: number
  top_places: { place_id: Id; label: string; n: number }[]
  samples: { at: Instant; place_id: Id; label: string; events: EventLine[] }[]
  kept: Record<Outcome, number>
}

export interface Silence extends Row {
  rule_id: Id | null
  place_id: Id | null
  until_at: Instant
  reason: string
}

/** Words of GET /api/live. */
export interface LiveChange {
  entity: string
  id: Id
  version: number
  verb: string
  place_path: string
}

export interface Fault {
  code: string
  blocks?: boolean
  ring?: number
  segment?: number
  next?: number
  gap_m?: number
  most_m?: number
  entrance?: string
  distance_m?: number | null
  before_m?: number | null
  building_id?: Id
  label?: string
  detail?: string | null
  area_m2?: number
  declared_area_m2?: number
  at?: [number, number]
}

/** One version of an enclosure's edge. */
export interface Outline extends Row {
  place_id: Id
  place_path: string
  number: number
  state: 'draft' | 'checked' | 'published' | 'superseded' | 'dropped'
  base_id: Id | null
  name: string | null
  note: string | null
  datum: 'wgs84' | 'gcj02'
  gap_m: number
  reach_m: number
  fire_m: number
  segments: Segment[] | null
  entrances: Doorway[] | null
  boundary: GeoJSON.Polygon | GeoJSON.MultiPolygon | null
  area_m2: number | null
  perimeter_m: number | null
  faults: Fault[] | null
  checked_at: Instant | null
  published_at: Instant | null
  published_by_name: string | null
}

export interface PlanChange { code: string; state: EntranceState; reason: string }

export interface Plan extends Row {
  place_id: Id
  name: string
  state: 'draft' | 'checked' | 'published' | 'dropped'
  changes: PlanChange[] | null
  entrances_before: number
  entrances_after: number
  fire_m: number | null
  faults: Fault[] | null
  checked_at: Instant | null
  published_at: Instant | null
}

export interface EnclosureWork extends Row {
  place_id: Id
  kind: 'boundary' | 'channel' | 'checkpoint' | 'probe' | 'register'
  title: string
  weight: number | null
  state: 'planned' | 'under_way' | 'finished' | 'accepted' | 'dropped'
  accepted_at: Instant | null
  accepted_by_name: string | null
  photo_id: string | null
  no_photo_reason: string | null
  reason: string | null
  note: string | null
}

export interface Rate { n: number; d: number; percent: number | null; definition: string }
export interface Completion { finished: Rate; weighted: Rate; mapped: Rate; as_of: Instant }

export type Mode = 'open' | 'semi_closed' | 'closed'
export interface ModeSlot extends Row {
  place_id: Id
  mode: Mode
  days: string
  from_min: number
  to_min: number
  valid_from: Instant | null
  valid_to: Instant | null
  note: string | null
}
export interface ModeOrder extends Row {
  place_id: Id
  mode: Mode
  legal_no: string
  issued_by: string
  reason: string
  from_at: Instant
  to_at: Instant
  state: 'issued' | 'ended' | 'revoked'
  ended_at: Instant | null
  revoke_reason: string | null
}
export interface ModeNow {
  mode: Mode
  why: 'order' | 'timetable' | 'default'
  until: Instant | null
  order: { id: Id; mode: Mode; legal_no: string; issued_by: string; from_at: Instant; to_at: Instant } | null
  overruled: { id: Id; mode: Mode; legal_no: string; to_at: Instant }[]
  timetable_mode: Mode | null
  as_of: Instant
}

export interface OutlineReport {
  rows: number
  segments: number
  entrances: number
  refused: number
  errors: { row: number; code: string; field: string | null; detail: string }[]
  datum: string
  dry_run: boolean
  written: boolean
  id: Id | null
  area_m2: number | null
  perimeter_m: number | null
  blocking: number
  faults: Fault[]
}

/** Segments and entrances in force, as GET /api/places/edges tells them. */
export interface EdgeProperties {
  what: 'segment' | 'entrance'
  id: Id
  kind?: string
  code?: string
  name?: string
  state?: EntranceState
  place_id: Id
}
export type EdgeCollection = GeoJSON.FeatureCollection<GeoJSON.LineString | GeoJSON.Point, EdgeProperties>

export interface EntityRows extends AccessRows {
  'places.outline': Outline
  'places.plan': Plan
  'places.work': EnclosureWork
  'places.timetable': ModeSlot
  'places.order': ModeOrder
  'watch.alert': Alert
  'watch.rule': Rule
  'watch.silence': Silence
  'watch.welfare': Row
  'watch.leave': Row & LeaveLine & { welfare_id: Id }
  'dispatch.task': Task
  'dispatch.shift': Shift
  'dispatch.attempt': Attempt
  'dispatch.mark': Mark & Row
  'dispatch.handover': Handover
  'dispatch.calendar': Calendar
  'sensing.device': Device
  'sensing.gap': Gap
  'sensing.drawing': CameraDrawing
  'places.place': Place
  'people.contact': Row & { person_id: Id; kind: string; order_no: number }
  'people.person': Row & { name: string | null; phone: string | null }
  'people.household': Row
  'people.member': Row
  'people.tenancy': Row
  'people.permit': Row
  'people.question': Row
  'people.vehicle': Row
  'people.care': Row
  'people.correction': Row
  'people.consent': Row
}

export type EntityName = keyof EntityRows
