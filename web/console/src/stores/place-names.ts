import { reactive } from 'vue'
import { read } from '../api'
import type { Id } from '../entities'

const names = reactive(new Map<Id, string>())

/** A place by its label or name; its path's end while the answer is under way. */
export function placeName(id: Id, path = ''): string {
  const known = names.get(id)
  if (known !== undefined) return known
  names.set(id, path)
  read('places.place', id).then((p) => names.set(id, p.label || p.name), () => names.delete(id))
  return path
}
