import { shallowReactive } from 'vue'
import { get, Problem } from '../api'
import type { Alert, Device, EdgeCollection, PlaceCollection } from '../entities'
import { middleOf, placeAt, type MapMark } from '../logic/geo'
import { scope } from './session'

/** The places of the user's scope; geometry changes rarely and is read once. */
export const places = shallowReactive({
  data: null as PlaceCollection | null,
  problem: null as Problem | null,
  of: null as string | null,
})

export async function loadPlaces(): Promise<void> {
  const under = scope.value?.place_id ?? ''
  if (places.of === under && places.data) return
  places.of = under
  try {
    places.data = await get<PlaceCollection>('places/map', { under })
    places.problem = null
  } catch (error) {
    places.of = null
    places.problem = error instanceof Problem ? error : new Problem(0, 'unknown')
  }
}

/** Edges in force; without them places have plain outlines only. */
export const edges = shallowReactive({ data: null as EdgeCollection | null, of: null as string | null })

export async function loadEdges(fresh = false): Promise<void> {
  const under = scope.value?.place_id ?? ''
  if (!fresh && edges.of === under && edges.data) return
  edges.of = under
  try {
    edges.data = await get<EdgeCollection>('places/edges', { under })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    edges.of = null
  }
}

export function alertMarks(alerts: Alert[]): MapMark[] {
  if (!places.data) return []
  return alerts.flatMap((a) => {
    const place = placeAt(places.data!, a.place_path)
    return place ? [{ id: a.id, kind: 'alert' as const, at: middleOf(place), label: a.place_label, severity: a.severity, state: a.state }] : []
  })
}

export function deviceMarks(devices: Device[]): MapMark[] {
  return devices.flatMap((d) => {
    const place = places.data && d.place_path ? placeAt(places.data, d.place_path) : null
    const at = d.lon !== null && d.lat !== null ? [d.lon, d.lat] as [number, number] : place && middleOf(place)
    return at ? [{ id: d.id, kind: 'device' as const, at, label: d.name, state: d.health, silent: d.health !== 'in_order' }] : []
  })
}
