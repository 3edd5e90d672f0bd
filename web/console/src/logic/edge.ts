import type { Point } from './geo'

export const segmentKinds = ['wall', 'landscape_wall', 'fence', 'building_face', 'water', 'gate'] as const
export type SegmentKind = (typeof segmentKinds)[number]
export const entranceStates = ['open', 'closed', 'emergency_only', 'night_closed'] as const
export type EntranceState = (typeof entranceStates)[number]
export const directions = ['both', 'in', 'out'] as const
export const passers = ['people', 'car', 'e_bike', 'fire'] as const

/** A piece of the edge; the segments of a ring follow each other in this order. */
export interface Segment {
  ring: number
  kind: SegmentKind
  built_on: string | null
  note: string | null
  line: Point[]
}

export interface Doorway {
  code: string
  name: string
  lon: number
  lat: number
  state: EntranceState
  direction: (typeof directions)[number]
  people: boolean
  car: boolean
  e_bike: boolean
  fire: boolean
  note: string | null
}

/** Never changed in place: every edit is a new drawing, so undo is the one before. */
export interface Drawing {
  segments: Segment[]
  entrances: Doorway[]
}

export const limits = { segments: 500, points: 2500, entrances: 300, rings: 20, undo: 50 }

/** Metres on a sphere of the ellipsoid's mean radius; good to 0.3 %, the server measures exactly. */
export function metres(a: Point, b: Point): number {
  const rad = Math.PI / 180
  const x = (b[0] - a[0]) * rad * Math.cos(((a[1] + b[1]) / 2) * rad)
  const y = (b[1] - a[1]) * rad
  return Math.hypot(x, y) * 6_371_009
}

export const lengthOf = (line: Point[]): number => line.reduce((sum, p, i) => (i ? sum + metres(line[i - 1]!, p) : 0), 0)

const same = (a: Point, b: Point): boolean => a[0] === b[0] && a[1] === b[1]
const rounded = (p: Point): Point => [Math.round(p[0] * 1e7) / 1e7, Math.round(p[1] * 1e7) / 1e7]

export interface Gap {
  ring: number
  /** Numbers from 1, as people count. */
  from: number
  to: number
  metres: number
  at: Point
}

/** Seams that are wider than a centimetre, in the order of the rings. */
export function gapsOf(drawing: Drawing): Gap[] {
  const gaps: Gap[] = []
  const rings = new Map<number, number[]>()
  drawing.segments.forEach((s, i) => rings.set(s.ring, [...(rings.get(s.ring) ?? []), i]))
  for (const [ring, members] of [...rings].sort((a, b) => a[0] - b[0])) {
    members.forEach((index, n) => {
      const next = members[(n + 1) % members.length]!
      const end = drawing.segments[index]!.line.at(-1)!
      const width = metres(end, drawing.segments[next]!.line[0]!)
      if (width > 0.01) gaps.push({ ring, from: index + 1, to: next + 1, metres: width, at: end })
    })
  }
  return gaps
}

export interface Fault {
  list: 'segments' | 'entrances'
  index: number
  field: string
  code: 'too_short' | 'out_of_range' | 'bad_code' | 'already_exists' | 'bad_day' | 'required'
}

const inRange = ([lon, lat]: Point): boolean => Math.abs(lon) <= 180 && Math.abs(lat) <= 90 && !Number.isNaN(lon) && !Number.isNaN(lat)
const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text)

/** What the server would refuse to keep, said before it is asked. */
export function faultsOf(drawing: Drawing): Fault[] {
  const faults: Fault[] = []
  drawing.segments.forEach((s, index) => {
    const fault = (field: string, code: Fault['code']): void => void faults.push({ list: 'segments', index, field, code })
    if (s.line.length < 2 || s.line.every((p) => same(p, s.line[0]!))) fault('line', 'too_short')
    if (!s.line.every(inRange)) fault('line', 'out_of_range')
    if (s.ring < 0 || s.ring >= limits.rings || !Number.isInteger(s.ring)) fault('ring', 'out_of_range')
    if (s.built_on && !isDay(s.built_on)) fault('built_on', 'bad_day')
  })
  drawing.entrances.forEach((e, index) => {
    const fault = (field: string, code: Fault['code']): void => void faults.push({ list: 'entrances', index, field, code })
    if (!/^[0-9A-Za-z_-]{1,20}$/.test(e.code)) fault('code', 'bad_code')
    else if (drawing.entrances.findIndex((o) => o.code === e.code) < index) fault('code', 'already_exists')
    if (!inRange([e.lon, e.lat])) fault('lon', 'out_of_range')
    if (!passers.some((p) => e[p])) fault('people', 'required')
  })
  return faults
}

const put = <T>(all: T[], index: number, ...items: T[]): T[] => [...all.slice(0, index), ...items, ...all.slice(index + 1)]

export const setSegment = (d: Drawing, index: number, part: Partial<Segment>): Drawing =>
  ({ ...d, segments: put(d.segments, index, { ...d.segments[index]!, ...part }) })

export const setDoorway = (d: Drawing, index: number, part: Partial<Doorway>): Drawing =>
  ({ ...d, entrances: put(d.entrances, index, { ...d.entrances[index]!, ...part }) })

/** Ends that lie on the same spot belong together and move together. */
export function moveVertex(d: Drawing, index: number, vertex: number, to: Point): Drawing {
  const from = d.segments[index]!.line[vertex]!
  const ring = d.segments[index]!.ring
  const isEnd = vertex === 0 || vertex === d.segments[index]!.line.length - 1
  const target = rounded(to)
  return {
    ...d,
    segments: d.segments.map((s, i) => {
      if (i === index) return { ...s, line: s.line.map((p, v) => (v === vertex || (isEnd && (v === 0 || v === s.line.length - 1) && same(p, from)) ? target : p)) }
      if (!isEnd || s.ring !== ring) return s
      const last = s.line.length - 1
      return { ...s, line: s.line.map((p, v) => ((v === 0 || v === last) && same(p, from) ? target : p)) }
    }),
  }
}

export const insertVertex = (d: Drawing, index: number, after: number): Drawing => {
  const line = d.segments[index]!.line
  const a = line[after]!
  const b = line[after + 1] ?? a
  const middle = rounded([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2])
  return setSegment(d, index, { line: [...line.slice(0, after + 1), middle, ...line.slice(after + 1)] })
}

export function removeVertex(d: Drawing, index: number, vertex: number): Drawing {
  const line = d.segments[index]!.line
  return line.length <= 2 ? d : setSegment(d, index, { line: [...line.slice(0, vertex), ...line.slice(vertex + 1)] })
}

/** Two segments of one kind, which may then differ. */
export function splitAt(d: Drawing, index: number, vertex: number): Drawing {
  const s = d.segments[index]!
  if (vertex <= 0 || vertex >= s.line.length - 1) return d
  return { ...d, segments: put(d.segments, index, { ...s, line: s.line.slice(0, vertex + 1) }, { ...s, line: s.line.slice(vertex) }) }
}

/** Cuts at a point on the line, where there need be no vertex. */
export function splitNear(d: Drawing, point: Point): Drawing {
  const foot = footOf(d, point)
  if (!foot) return d
  const line = d.segments[foot.index]!.line
  if (metres(foot.at, line[foot.after]!) < 0.05) return splitAt(d, foot.index, foot.after)
  if (metres(foot.at, line[foot.after + 1]!) < 0.05) return splitAt(d, foot.index, foot.after + 1)
  const cut = setSegment(d, foot.index, { line: [...line.slice(0, foot.after + 1), rounded(foot.at), ...line.slice(foot.after + 1)] })
  return splitAt(cut, foot.index, foot.after + 1)
}

/** With the next of its ring, keeping the first one's kind. */
export function joinNext(d: Drawing, index: number): Drawing {
  const s = d.segments[index]!
  const next = d.segments.findIndex((o, i) => i > index && o.ring === s.ring)
  if (next < 0) return d
  const tail = d.segments[next]!.line
  const line = [...s.line, ...(same(s.line.at(-1)!, tail[0]!) ? tail.slice(1) : tail)]
  const segments = put(d.segments, index, { ...s, line })
  return { ...d, segments: [...segments.slice(0, next), ...segments.slice(next + 1)] }
}

export const reverse = (d: Drawing, index: number): Drawing =>
  setSegment(d, index, { line: [...d.segments[index]!.line].reverse() })

export function moveSegment(d: Drawing, index: number, by: -1 | 1): Drawing {
  const to = index + by
  if (to < 0 || to >= d.segments.length) return d
  const segments = [...d.segments]
  ;[segments[index], segments[to]] = [segments[to]!, segments[index]!]
  return { ...d, segments }
}

export const removeSegment = (d: Drawing, index: number): Drawing => ({ ...d, segments: d.segments.filter((_, i) => i !== index) })
export const removeDoorway = (d: Drawing, index: number): Drawing => ({ ...d, entrances: d.entrances.filter((_, i) => i !== index) })

const freeRing = (d: Drawing): number => {
  let ring = 0
  while (d.segments.some((s) => s.ring === ring)) ring++
  return ring
}

/** A closed line of a ring of its own. */
export function addPolygon(d: Drawing, ring: Point[], kind: SegmentKind): Drawing {
  const points = ring.map(rounded)
  const line = same(points[0]!, points.at(-1)!) ? points : [...points, points[0]!]
  return { ...d, segments: [...d.segments, { ring: freeRing(d), kind, built_on: null, note: null, line }] }
}

/** Goes on where the open ring ends, else begins a new one. */
export function addLine(d: Drawing, points: Point[], kind: SegmentKind): Drawing {
  const open = gapsOf(d)[0]
  const line = points.map(rounded)
  if (!open) return { ...d, segments: [...d.segments, { ring: freeRing(d), kind, built_on: null, note: null, line }] }
  const end = d.segments[open.from - 1]!.line.at(-1)!
  const turned = metres(end, line.at(-1)!) < metres(end, line[0]!) ? [...line].reverse() : line
  const segments = [...d.segments]
  segments.splice(open.from, 0, { ring: open.ring, kind, built_on: null, note: null, line: turned })
  return { ...d, segments }
}

export function addDoorway(d: Drawing, at: Point): Drawing {
  let n = d.entrances.length + 1
  const code = (): string => `E${String(n).padStart(2, '0')}`
  while (d.entrances.some((e) => e.code === code())) n++
  const [lon, lat] = rounded(at)
  return { ...d, entrances: [...d.entrances, { code: code(), name: code(), lon, lat, state: 'open', direction: 'both', people: true, car: false, e_bike: false, fire: false, note: null }] }
}

export interface Foot { index: number; after: number; at: Point; metres: number }

/** The nearest point of the edge. */
export function footOf(d: Drawing, p: Point): Foot | null {
  let best: Foot | null = null
  const shrink = Math.cos((p[1] * Math.PI) / 180)
  d.segments.forEach((s, index) => s.line.forEach((b, v) => {
    if (v === 0) return
    const a = s.line[v - 1]!
    const dx = (b[0] - a[0]) * shrink
    const dy = b[1] - a[1]
    const whole = dx * dx + dy * dy
    const part = whole ? Math.min(1, Math.max(0, ((p[0] - a[0]) * shrink * dx + (p[1] - a[1]) * dy) / whole)) : 0
    const at: Point = [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part]
    const far = metres(p, at)
    if (!best || far < best.metres) best = { index, after: v - 1, at, metres: far }
  }))
  return best
}

/** To a vertex within so many metres, else to the edge, else as it is. */
export function snapped(d: Drawing, p: Point, within: number): Point {
  let best: Point | null = null
  let far = within
  for (const s of d.segments) {
    for (const v of s.line) {
      const m = metres(p, v)
      if (m <= far) {
        far = m
        best = v
      }
    }
  }
  if (best) return best
  const foot = footOf(d, p)
  return foot && foot.metres <= within ? rounded(foot.at) : p
}

/** Text of the vertex table back to a number; null when it is none. */
export function degree(text: string, most: number): number | null {
  const value = Number(text.trim())
  return text.trim() === '' || Number.isNaN(value) || Math.abs(value) > most ? null : Math.round(value * 1e7) / 1e7
}
