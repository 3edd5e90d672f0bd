import type { LayerSpecification } from 'maplibre-gl'
import type { EdgeCollection } from '../entities'
import type { Doorway, Segment } from './edge'
import type { Point } from './geo'

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** The ends of a gate get brackets that look at each other: a point and the way into the gap. */
function brackets(line: Point[], id: string): GeoJSON.Feature[] {
  const turn = (a: Point, b: Point): number => {
    const shrink = Math.cos((a[1] * Math.PI) / 180)
    return (Math.atan2((b[0] - a[0]) * shrink, b[1] - a[1]) * 180) / Math.PI
  }
  const point = (at: Point, angle: number): GeoJSON.Feature => ({ type: 'Feature', geometry: { type: 'Point', coordinates: at }, properties: { what: 'bracket', id, angle } })
  return [point(line[0]!, turn(line[0]!, line[1]!)), point(line.at(-1)!, turn(line.at(-1)!, line.at(-2)!))]
}

/** What the server tells, and the brackets that only a picture needs. */
export function withBrackets(edges: EdgeCollection): GeoJSON.FeatureCollection {
  const extra = edges.features.flatMap((f) => (f.properties.kind === 'gate' && f.geometry.type === 'LineString'
    ? brackets(f.geometry.coordinates as Point[], f.properties.id) : []))
  return { type: 'FeatureCollection', features: [...edges.features, ...extra] }
}

/** A drawing as the server would tell it, so that one style shows both. */
export function edgesOf(drawing: { segments: Segment[]; entrances: Doorway[] }, place = ''): EdgeCollection {
  return {
    type: 'FeatureCollection',
    features: [
      ...drawing.segments.filter((s) => s.line.length > 1).map((s, i) => ({
        type: 'Feature' as const, geometry: { type: 'LineString' as const, coordinates: s.line },
        properties: { what: 'segment' as const, id: `s${i}`, kind: s.kind, place_id: place },
      })),
      ...drawing.entrances.map((e, i) => ({
        type: 'Feature' as const, geometry: { type: 'Point' as const, coordinates: [e.lon, e.lat] },
        properties: { what: 'entrance' as const, id: `e${i}`, code: e.code, name: e.name, state: e.state, place_id: place },
      })),
    ],
  }
}

/** Boundary by kind and entrances by state: shape first, one colour for all. */
export function edgeLayers(source: string, words: Record<string, string>): LayerSpecification[] {
  const kind = (name: string) => ['==', ['get', 'kind'], name] as ['==', unknown, string]
  const what = (name: string) => ['==', ['get', 'what'], name] as ['==', unknown, string]
  const wall = color('--map-wall')
  const line = (id: string, of: string, paint: object, cap = 'butt') =>
    ({ id: `${source}-${id}`, type: 'line', source, filter: kind(of), layout: { 'line-cap': cap, 'line-join': 'round' }, paint: { 'line-color': wall, ...paint } })
  return [
    line('wall', 'wall', { 'line-width': 4 }),
    line('landscape', 'landscape_wall', { 'line-width': 1.5, 'line-gap-width': 3 }),
    line('fence', 'fence', { 'line-width': 12, 'line-pattern': 'edge-fence' }),
    line('face', 'building_face', { 'line-width': 2 }),
    line('water', 'water', { 'line-width': 4, 'line-dasharray': [0, 2] }, 'round'),
    {
      id: `${source}-bracket`, type: 'symbol', source, filter: what('bracket'), minzoom: 15.5,
      layout: { 'icon-image': 'edge-bracket', 'icon-rotate': ['get', 'angle'], 'icon-rotation-alignment': 'map', 'icon-allow-overlap': true, 'icon-ignore-placement': true },
    },
    {
      id: `${source}-entrance`, type: 'symbol', source, filter: what('entrance'), minzoom: 14.5,
      layout: {
        'icon-image': ['concat', 'entrance-', ['get', 'state']], 'icon-allow-overlap': true, 'icon-ignore-placement': true,
        'text-field': ['step', ['zoom'], '', 17, ['concat', ['get', 'name'], '\n', ['match', ['get', 'state'], ...Object.entries(words).flat(), '']]],
        'text-size': 12, 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-optional': true,
      },
      paint: { 'text-color': color('--ink'), 'text-halo-color': color('--map-halo'), 'text-halo-width': 1.5 },
    },
  ] as LayerSpecification[]
}

interface Picture { name: string; data: ImageData; pixelRatio: number }

function drawn(name: string, width: number, height: number, draw: (c: CanvasRenderingContext2D) => void): Picture {
  const s = 2
  const canvas = document.createElement('canvas')
  canvas.width = width * s
  canvas.height = height * s
  const c = canvas.getContext('2d', { willReadFrequently: true })!
  c.scale(s, s)
  draw(c)
  return { name, pixelRatio: s, data: c.getImageData(0, 0, canvas.width, canvas.height) }
}

export function edgeImages(): Picture[] {
  const wall = color('--map-wall')
  const stroke = (c: CanvasRenderingContext2D, path: [number, number][], width: number, style: string): void => {
    c.beginPath()
    path.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)))
    c.lineWidth = width
    c.strokeStyle = style
    c.stroke()
  }
  const entrance = (state: string, glyph: (c: CanvasRenderingContext2D) => void): Picture => drawn(`entrance-${state}`, 20, 20, (c) => {
    c.beginPath()
    c.arc(10, 10, 8, 0, 2 * Math.PI)
    c.fillStyle = color('--surface')
    c.fill()
    c.lineWidth = 1
    c.strokeStyle = color('--map-halo')
    c.stroke()
    c.lineCap = 'round'
    c.strokeStyle = c.fillStyle = color('--ink')
    c.lineWidth = 2.4
    glyph(c)
  })
  return [
    drawn('edge-fence', 14, 12, (c) => {
      stroke(c, [[1, 6], [11, 6]], 2, wall)
      stroke(c, [[6, 1], [6, 11]], 2, wall)
    }),
    // Points north, into the gap.
    drawn('edge-bracket', 16, 16, (c) => {
      stroke(c, [[2, 3], [2, 8], [14, 8], [14, 3]], 4.5, color('--map-halo'))
      stroke(c, [[2, 3], [2, 8], [14, 8], [14, 3]], 2.2, wall)
    }),
    entrance('open', (c) => { c.beginPath(); c.arc(10, 10, 4.6, 0, 2 * Math.PI); c.stroke() }),
    entrance('closed', (c) => { for (const x of [6, 14]) { c.beginPath(); c.moveTo(x, 6); c.lineTo(20 - x, 14); c.stroke() } }),
    entrance('emergency_only', (c) => { c.lineWidth = 4; c.lineCap = 'butt'; c.beginPath(); c.moveTo(10, 4); c.lineTo(10, 16); c.moveTo(4, 10); c.lineTo(16, 10); c.stroke() }),
    entrance('night_closed', (c) => {
      c.beginPath()
      c.arc(10, 10, 5.6, 0.5 * Math.PI - 0.6, 1.5 * Math.PI + 0.6)
      c.quadraticCurveTo(8.2, 10, 10 + 5.6 * Math.cos(0.5 * Math.PI - 0.6), 10 + 5.6 * Math.sin(0.5 * Math.PI - 0.6))
      c.fill()
    }),
  ]
}
