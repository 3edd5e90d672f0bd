import type { StyleSpecification } from 'maplibre-gl'
import type { EdgeCollection, PlaceCollection } from '../entities'
import { edgeLayers, withBrackets } from './edge-style'

const color = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

const nothing: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }

/** One style, only GeoJSON: no glyphs and no sprite, so text comes from the fonts of the machine. */
export function mapStyle(places: PlaceCollection, edges: EdgeCollection | null = null, words: Record<string, string> = {}): StyleSpecification {
  const edged = [...new Set(edges?.features.map((f) => f.properties.place_id) ?? [])]
  const plain = ['!', ['in', ['get', 'id'], ['literal', edged]]]
  const kind = (name: string) => ['==', ['get', 'kind'], name] as ['==', unknown, string]
  const halo = { 'text-color': color('--ink'), 'text-halo-color': color('--map-halo'), 'text-halo-width': 1.5 }
  return {
    version: 8,
    sources: {
      places: { type: 'geojson', data: places },
      edges: { type: 'geojson', data: edges ? withBrackets(edges) : nothing },
      marks: { type: 'geojson', data: nothing },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': color('--map-ground') } },
      {
        id: 'outline', type: 'line', source: 'places', filter: ['all', ['in', ['get', 'kind'], ['literal', ['district', 'subdistrict', 'community']]], plain],
        paint: { 'line-color': color('--edge'), 'line-width': 1 },
      },
      {
        id: 'grid', type: 'line', source: 'places', filter: kind('grid'),
        paint: { 'line-color': color('--map-grid'), 'line-width': 1, 'line-dasharray': [4, 3] },
      },
      { id: 'building', type: 'fill', source: 'places', filter: kind('building'), paint: { 'fill-color': color('--map-building') } },
      { id: 'building-line', type: 'line', source: 'places', filter: kind('building'), paint: { 'line-color': color('--map-building-line'), 'line-width': 1 } },
      {
        id: 'wall', type: 'line', source: 'places', filter: ['all', kind('enclosure'), plain], layout: { 'line-join': 'round' },
        paint: { 'line-color': color('--map-wall'), 'line-width': 4 },
      },
      ...edgeLayers('edges', words),
      {
        id: 'building-number', type: 'symbol', source: 'places', filter: kind('building'), minzoom: 14,
        layout: { 'text-field': ['get', 'label'], 'text-size': 12, 'text-offset': [0, 1.6] }, paint: halo,
      },
      {
        id: 'name', type: 'symbol', source: 'places', maxzoom: 17, filter: ['in', ['get', 'kind'], ['literal', ['enclosure']]],
        layout: { 'text-field': ['get', 'name'], 'text-size': 13 }, paint: halo,
      },
      {
        id: 'selection', type: 'circle', source: 'marks', filter: ['==', ['get', 'selected'], true],
        paint: { 'circle-radius': 18, 'circle-color': 'transparent', 'circle-stroke-width': 3, 'circle-stroke-color': color('--focus') },
      },
      {
        id: 'marks', type: 'symbol', source: 'marks',
        layout: { 'icon-image': ['get', 'image'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['get', 'rank'] },
      },
    ],
  } as StyleSpecification
}

type Draw = (c: CanvasRenderingContext2D, s: number) => void

function shape(c: CanvasRenderingContext2D, points: [number, number][], s: number): void {
  c.beginPath()
  points.forEach(([x, y], i) => (i ? c.lineTo(x * s, y * s) : c.moveTo(x * s, y * s)))
  c.closePath()
}

const outlinesOf: Record<string, Draw> = {
  urgent: (c, s) => shape(c, [[9, 2], [19, 2], [26, 9], [26, 19], [19, 26], [9, 26], [2, 19], [2, 9]], s),
  high: (c, s) => shape(c, [[14, 2], [26, 24], [2, 24]], s),
  normal: (c, s) => { c.beginPath(); c.roundRect(4 * s, 4 * s, 20 * s, 20 * s, 4 * s) },
}

/** The severity shapes of the list, drawn once as pictures of the map. */
export function markImages(): { name: string; data: ImageData; pixelRatio: number }[] {
  const s = 2
  const picture = (draw: Draw): ImageData => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 28 * s
    const c = canvas.getContext('2d', { willReadFrequently: true })!
    draw(c, s)
    return c.getImageData(0, 0, canvas.width, canvas.height)
  }
  const alertMark = (name: string, level: number, fill: string, ink: string) => ({
    name, pixelRatio: s,
    data: picture((c) => {
      outlinesOf[name]!(c, s)
      c.lineJoin = 'round'
      c.lineWidth = 4 * s
      c.strokeStyle = color('--map-halo')
      c.stroke()
      c.fillStyle = color(fill)
      c.fill()
      c.lineWidth = 1.5 * s
      c.strokeStyle = color('--mark-outline')
      c.stroke()
      c.fillStyle = color(ink)
      c.font = `700 ${13 * s}px sans-serif`
      c.textAlign = 'center'
      c.fillText(String(level), 14 * s, (level === 2 ? 22 : 18.5) * s)
    }),
  })
  const deviceMark = (name: string, silent: boolean) => ({
    name, pixelRatio: s,
    data: picture((c) => {
      c.beginPath()
      c.arc(14 * s, 14 * s, (silent ? 8 : 5) * s, 0, 2 * Math.PI)
      c.fillStyle = color(silent ? '--surface' : '--ink')
      c.fill()
      c.lineWidth = 1.5 * s
      c.strokeStyle = color(silent ? '--ink' : '--map-halo')
      c.stroke()
      if (!silent) return
      c.fillStyle = color('--ink')
      c.font = `700 ${12 * s}px sans-serif`
      c.textAlign = 'center'
      c.fillText('?', 14 * s, 18 * s)
    }),
  })
  return [
    alertMark('urgent', 1, '--red', '--on-red'),
    alertMark('high', 2, '--orange-fill', '--on-orange'),
    alertMark('normal', 3, '--accent', '--on-accent'),
    deviceMark('device', false),
    deviceMark('device-silent', true),
  ]
}
