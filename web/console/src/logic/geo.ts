import type { PlaceCollection, PlaceFeature, Severity } from '../entities'

export type Point = [lon: number, lat: number]
export type Bounds = [west: number, south: number, east: number, north: number]

export interface MapMark {
  id: string
  kind: 'alert' | 'device'
  at: Point
  label: string
  severity?: Severity
  state?: string
  silent?: boolean
}

function positions(geometry: GeoJSON.Geometry): Point[] {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(positions)
  const flat = (part: unknown): Point[] =>
    Array.isArray(part) && typeof part[0] === 'number' ? [[part[0], part[1] as number]] : (part as unknown[]).flatMap(flat)
  return flat(geometry.coordinates)
}

export function boundsOf(points: Point[]): Bounds | null {
  if (points.length === 0) return null
  const lons = points.map((p) => p[0])
  const lats = points.map((p) => p[1])
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]
}

export const boundsOfPlaces = (places: PlaceFeature[]): Bounds | null =>
  boundsOf(places.flatMap((f) => positions(f.geometry)))

export function middleOf(feature: PlaceFeature): Point {
  const [w, s, e, n] = boundsOf(positions(feature.geometry))!
  return [(w + e) / 2, (s + n) / 2]
}

/** At least so many degrees wide, so that a single point does not fill the window. */
export function widened([w, s, e, n]: Bounds, least: number): Bounds {
  const lon = Math.max(0, least - (e - w)) / 2
  const lat = Math.max(0, least - (n - s)) / 2
  return [w - lon, s - lat, e + lon, n + lat]
}

/** A dwelling has no point of its own: its nearest place above that has one stands for it. */
export function placeAt(places: PlaceCollection, path: string): PlaceFeature | null {
  let best: PlaceFeature | null = null
  for (const feature of places.features) {
    if (path.startsWith(feature.properties.path) && (!best || feature.properties.path.length > best.properties.path.length)) best = feature
  }
  return best
}

export const outlines = (geometry: GeoJSON.Geometry): Point[][] => {
  if (geometry.type === 'Polygon') return geometry.coordinates as Point[][]
  if (geometry.type === 'MultiPolygon') return geometry.coordinates.flat() as Point[][]
  if (geometry.type === 'LineString') return [geometry.coordinates as Point[]]
  if (geometry.type === 'MultiLineString') return geometry.coordinates as Point[][]
  return []
}

/** Flat map of a small area: one degree of longitude is shorter by the cosine of the latitude. */
export function projector(bounds: Bounds, width: number, height: number, margin = 16): (p: Point) => Point {
  const [w, s, e, n] = bounds
  const shrink = Math.cos(((s + n) / 2) * Math.PI / 180)
  const scale = Math.min((width - 2 * margin) / ((e - w) * shrink || 1e-9), (height - 2 * margin) / ((n - s) || 1e-9))
  const left = (width - (e - w) * shrink * scale) / 2
  const top = (height - (n - s) * scale) / 2
  return ([lon, lat]) => [left + (lon - w) * shrink * scale, top + (n - lat) * scale]
}

export function zoomed([w, s, e, n]: Bounds, by: number): Bounds {
  const lon = ((e - w) * by) / 2
  const lat = ((n - s) * by) / 2
  const x = (w + e) / 2
  const y = (s + n) / 2
  return [x - lon, y - lat, x + lon, y + lat]
}

export function shifted([w, s, e, n]: Bounds, right: number, up: number): Bounds {
  const lon = (e - w) * right
  const lat = (n - s) * up
  return [w + lon, s + lat, e + lon, n + lat]
}
