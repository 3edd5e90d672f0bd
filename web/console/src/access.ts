/** The rows of module access: gates, decisions that wait, visitors, parcels. */
import type { Id, Instant, Row } from './entities'

export type Direction = 'in' | 'out' | 'both'
export type Contact = 'unknown' | 'shut' | 'open' | 'forced' | 'held'
export type Alarm = 'calm' | 'lockdown' | 'evacuation'
export type Holder = 'resident' | 'staff' | 'visitor' | 'courier' | 'rescue'

export interface Pass {
  seq: number
  method: string
  verdict: 'grant' | 'refuse' | 'ask'
  reason: string
  direction: Direction
  device_at: Instant
  is_late: boolean
}

/** One lane of GET /api/access/board. */
export interface BoardLane {
  lane_id: Id
  name: string
  door_id: Id
  door_name: string
  place_path: string
  direction: Direction
  is_on: boolean
  mode: string
  alarm: Alarm
  alarm_until: Instant | null
  contact: Contact
  contact_at: Instant | null
  waiting: number
  codes_closed_until: Instant | null
  wrong_codes: number
  passes: Pass[]
}

export interface Wait extends Row {
  lane_id: Id
  method: string
  why: string
  holder: Holder
  visit_id: Id | null
  plate: string | null
  confidence: number
  until_at: Instant
  state: 'waiting' | 'admitted' | 'refused' | 'gone'
  reason: string | null
  opening_id: Id | null
}

export interface Opening extends Row {
  lane_id: Id
  until_at: Instant
  reason: string
  state: 'sent' | 'opened' | 'over'
  opened_at: Instant | null
}

export interface Emergency extends Row {
  place_id: Id
  place_path: string
  kind: 'lockdown' | 'evacuation'
  reason: string
  until_at: Instant
  state: 'on' | 'ended'
}

export interface Occupancy {
  area_id: Id
  place_path: string
  inside: number
  unsure: number
  reconciled_at: Instant | null
  fixed_at: Instant | null
}

export interface MusterLine {
  seen_at: Instant
  holder?: Holder
  unit?: string
  name: string | null
}

export type VisitState = 'expected' | 'checked_in' | 'checked_out' | 'no_show' | 'cancelled' | 'refused' | 'expired'

export interface Visit extends Row {
  dwelling_id: Id
  place_path: string
  unit: string
  source: 'resident' | 'poster' | 'staff'
  holder: Holder
  purpose: string
  name: string | null
  phone: string | null
  plate: string | null
  people: number
  from_at: Instant
  to_at: Instant
  reason: string | null
  state: VisitState
  confirmed_at: Instant | null
  checked_in_at: Instant | null
  checked_out_at: Instant | null
}

export interface VisitCode extends Row {
  visit_id: Id
  group_id: Id
  unit: string
  holder: Holder
  from_at: Instant
  to_at: Instant
  uses: number
  uses_left: number
  state: 'live' | 'used' | 'expired' | 'cancelled'
  replays: number
}

/** A code as it is told, once. */
export interface IssuedCode {
  code_id: Id
  code: string
  pass: string
  unit: string
  from_at: Instant
  to_at: Instant
  uses: number
}

export interface Parcel extends Row {
  visit_id: Id
  dwelling_id: Id
  unit: string
  state: 'entered' | 'dropped' | 'brought_up' | 'received' | 'returned'
  entered_at: Instant | null
  dropped_at: Instant | null
  brought_up_at: Instant | null
  received_at: Instant | null
  kept_at: string | null
}

/** What a visitor's own page is told of a visit asked for at the poster. */
export interface Ticket {
  state: VisitState
  confirmed: boolean
  unit: string
  from_at: Instant
  to_at: Instant
  issued: boolean
  code?: IssuedCode
}

export interface AccessRows {
  'access.lane': Row & { name: string }
  'access.wait': Wait
  'access.opening': Opening
  'access.emergency': Emergency
  'access.visit': Visit
  'access.code': VisitCode
  'access.parcel': Parcel
}
