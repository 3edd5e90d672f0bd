/** What is drawn on a camera's still, in fractions of the picture; the shape is the lens's own (docs/lens-run.md). */

export type Spot = [number, number]
export type ShapeKind = 'line' | 'edge' | 'zone' | 'ignore' | 'lane' | 'window'
export interface Shape {
  kind: ShapeKind
  spots: Spot[]
  /** Floor lines: the floor whose slab it is, 1 is the ground. */
  floor?: number
  /** Lanes. */
  name?: string
  width_m?: number
  length_m?: number
  after_s?: number
}
export interface Drawing {
  floor_height_m: number
  aspect: number
  shapes: Shape[]
}

interface Stored {
  calibration?: { lines: number[][]; edges?: number[][]; aspect?: number; floor_height_m: number; floors?: number } | null
  zones?: { corners: Spot[]; ignore?: boolean }[]
  lanes?: { name?: string; corners: Spot[]; width_m?: number; length_m?: number; area_m2?: number; after_s?: number }[]
  windows?: Spot[][]
}

const two = (kind: ShapeKind): boolean => kind === 'line' || kind === 'edge'
export const cornersOf = (kind: ShapeKind): { least: number; most: number } =>
  two(kind) ? { least: 2, most: 2 } : kind === 'lane' ? { least: 4, most: 4 } : { least: 3, most: kind === 'window' ? 8 : 32 }

const clip = (v: number): number => Math.round(Math.min(1, Math.max(0, v)) * 1e4) / 1e4
export const spot = (x: number, y: number): Spot => [clip(x), clip(y)]

/** A new shape in the middle, to be pulled into place; the n-th of its kind lies a little lower. */
export function newShape(kind: ShapeKind, n: number): Shape {
  const at = (n % 8) * 0.06
  switch (kind) {
    case 'line': return { kind, floor: n * 2 + 1, spots: [spot(0.25, 0.85 - at * 1.5), spot(0.75, 0.85 - at * 1.5)] }
    case 'edge': return { kind, spots: [spot(0.25 + (n % 2) * 0.5, 0.15), spot(0.25 + (n % 2) * 0.5, 0.85)] }
    case 'lane': return { kind, name: 'fire-lane', width_m: 4, length_m: 10, after_s: 10, spots: [spot(0.4, 0.4), spot(0.6, 0.4), spot(0.7, 0.9), spot(0.3, 0.9)] }
    case 'window': return { kind, spots: [spot(0.4 + at, 0.4), spot(0.46 + at, 0.4), spot(0.46 + at, 0.5), spot(0.4 + at, 0.5)] }
    default: return { kind, spots: [spot(0.2, 0.2), spot(0.8, 0.2), spot(0.8, 0.8), spot(0.2, 0.8)] }
  }
}

export function toStored(d: Drawing): Stored {
  const of = (kind: ShapeKind): Shape[] => d.shapes.filter((s) => s.kind === kind)
  const flat = (s: Shape): number[] => s.spots.flat()
  const lines = of('line').map((s) => [...flat(s), ((s.floor ?? 1) - 1) * d.floor_height_m])
  const out: Stored = {
    zones: [...of('zone').map((s) => ({ corners: s.spots })), ...of('ignore').map((s) => ({ corners: s.spots, ignore: true }))],
    lanes: of('lane').map((s) => ({ name: s.name, corners: s.spots, width_m: s.width_m, length_m: s.length_m, after_s: s.after_s })),
    windows: of('window').map((s) => s.spots),
  }
  if (lines.length >= 3) {
    const floors = Math.min(200, Math.max(1, ...of('line').map((s) => (s.floor ?? 1) + 1)))
    out.calibration = { lines, edges: of('edge').map(flat), aspect: d.aspect, floor_height_m: d.floor_height_m, floors }
  }
  return out
}

export function fromStored(stored: Stored | null): Drawing {
  const pair = (v: number[]): Spot[] => [spot(v[0]!, v[1]!), spot(v[2]!, v[3]!)]
  const cal = stored?.calibration
  const floor_height_m = cal?.floor_height_m ?? 3
  return {
    floor_height_m,
    aspect: cal?.aspect ?? 16 / 9,
    shapes: [
      ...(cal?.lines ?? []).map((v): Shape => ({ kind: 'line', spots: pair(v), floor: Math.round((v[4] ?? 0) / floor_height_m) + 1 })),
      ...(cal?.edges ?? []).map((v): Shape => ({ kind: 'edge', spots: pair(v) })),
      ...(stored?.zones ?? []).map((z): Shape => ({ kind: z.ignore ? 'ignore' : 'zone', spots: z.corners })),
      ...(stored?.lanes ?? []).map((l): Shape => ({ kind: 'lane', spots: l.corners, name: l.name ?? 'fire-lane', width_m: l.width_m, length_m: l.length_m, after_s: l.after_s ?? 10 })),
      ...(stored?.windows ?? []).map((w): Shape => ({ kind: 'window', spots: w })),
    ],
  }
}

/** Gauss with pivots; null when the lines do not settle the answer. */
function solve(m: number[][]): number[] | null {
  const n = m.length
  for (let i = 0; i < n; i++) {
    let best = i
    for (let r = i + 1; r < n; r++) if (Math.abs(m[r]![i]!) > Math.abs(m[best]![i]!)) best = r
    ;[m[i], m[best]] = [m[best]!, m[i]!]
    const pivot = m[i]![i]!
    if (Math.abs(pivot) < 1e-10) return null
    for (let r = 0; r < n; r++) {
      if (r === i) continue
      const f = m[r]![i]! / pivot
      for (let c = i; c <= n; c++) m[r]![c]! -= f * m[i]![c]!
    }
  }
  return m.map((row, i) => row[n]! / row[i]!)
}

export interface Fit {
  /** Distance of each floor line's ends from the fit, pixels of a picture 1080 high; by index of the line. */
  residuals: number[]
  /** Root mean square of all ends. */
  residual_px: number
  /** The fitted line of a height: a x + b y + c = 0. */
  line(height: number): [number, number, number]
}
export const residualMost = 3

/** Height above ground as a projective function of the pixel, by least squares over the ends of the floor lines. */
export function fit(d: Drawing): Fit | null {
  const lines = d.shapes.filter((s) => s.kind === 'line')
  const height = (s: Shape): number => ((s.floor ?? 1) - 1) * d.floor_height_m
  if (new Set(lines.map(height)).size < 3) return null
  const m = Array.from({ length: 5 }, () => new Array<number>(6).fill(0))
  for (const s of lines) {
    for (const [x, y] of s.spots) {
      const h = height(s)
      const row = [x, y, 1, -h * x, -h * y, h]
      for (let r = 0; r < 5; r++) for (let c = 0; c < 6; c++) m[r]![c]! += row[r]! * row[c]!
    }
  }
  for (let r = 0; r < 5; r++) m[r]![r]! += 1e-9
  const p = solve(m)
  if (!p) return null
  const line = (h: number): [number, number, number] => [p[0]! - h * p[3]!, p[1]! - h * p[4]!, p[2]! - h]
  const off = (h: number, [x, y]: Spot): number => {
    const [a, b, c] = line(h)
    return (Math.abs(a * x + b * y + c) / Math.hypot(a / d.aspect, b)) * 1080
  }
  const ends = lines.map((s) => s.spots.map((q) => off(height(s), q)))
  const all = ends.flat()
  return {
    residuals: ends.map((e) => Math.max(...e)),
    residual_px: Math.sqrt(all.reduce((sum, v) => sum + v * v, 0) / all.length),
    line,
  }
}
