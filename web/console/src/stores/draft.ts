import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import type { Outline } from '../entities'
import { limits, type Drawing } from '../logic/edge'

/** What lies in this browser until it is sent: named, with the version it was drawn from. */
export interface Kept {
  place_id: string
  name: string
  /** The row it goes back to; null: none yet. */
  outline_id: string | null
  base_number: number | null
  base_version: number | null
  saved_at: string
  drawing: Drawing
}

const keyOf = (place: string): string => `jiuan.draft.${place}`

export function keptOf(place: string): Kept | null {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(place)) ?? 'null') as Kept | null
    return kept?.place_id === place && Array.isArray(kept.drawing?.segments) ? kept : null
  } catch {
    return null
  }
}

export interface Draft {
  drawing: Ref<Drawing>
  name: Ref<string>
  base: Ref<Outline | null>
  canUndo: ComputedRef<boolean>
  canRedo: ComputedRef<boolean>
  dirty: ComputedRef<boolean>
  keepFailed: Ref<boolean>
  edit(next: Drawing): void
  undo(): void
  redo(): void
  /** From a row of the server, or from what this browser kept. */
  load(base: Outline | null, kept?: Kept | null): void
  sent(row: Outline): void
}

const empty: Drawing = { segments: [], entrances: [] }
const drawingOf = (o: Outline | null): Drawing => (o ? { segments: o.segments ?? [], entrances: o.entrances ?? [] } : empty)

export function useDraft(place: () => string): Draft {
  const drawing = shallowRef<Drawing>(empty)
  const saved = shallowRef<Drawing>(empty)
  const past = shallowRef<Drawing[]>([])
  const future = shallowRef<Drawing[]>([])
  const base = shallowRef<Outline | null>(null)
  const name = ref('')
  const keepFailed = ref(false)
  const dirty = computed(() => drawing.value !== saved.value)

  function keep(): void {
    try {
      if (!dirty.value) {
        localStorage.removeItem(keyOf(place()))
      } else {
        const kept: Kept = {
          place_id: place(), name: name.value, outline_id: base.value?.id ?? null, base_number: base.value?.number ?? null,
          base_version: base.value?.version ?? null, saved_at: new Date().toISOString(), drawing: drawing.value,
        }
        localStorage.setItem(keyOf(place()), JSON.stringify(kept))
      }
      keepFailed.value = false
    } catch {
      keepFailed.value = true
    }
  }
  const move = (to: Drawing): void => {
    drawing.value = to
    keep()
  }

  return {
    drawing, name, base, dirty, keepFailed,
    canUndo: computed(() => past.value.length > 0),
    canRedo: computed(() => future.value.length > 0),
    edit(next) {
      if (next === drawing.value) return
      past.value = [...past.value, drawing.value].slice(-limits.undo)
      future.value = []
      move(next)
    },
    undo() {
      const last = past.value.at(-1)
      if (!last) return
      past.value = past.value.slice(0, -1)
      future.value = [...future.value, drawing.value]
      move(last)
    },
    redo() {
      const next = future.value.at(-1)
      if (!next) return
      future.value = future.value.slice(0, -1)
      past.value = [...past.value, drawing.value]
      move(next)
    },
    load(row, kept) {
      base.value = row
      saved.value = drawingOf(row)
      drawing.value = kept ? kept.drawing : saved.value
      name.value = kept?.name ?? row?.name ?? ''
      past.value = []
      future.value = []
    },
    sent(row) {
      base.value = row
      saved.value = drawingOf(row)
      name.value = row.name ?? ''
      move(saved.value)
    },
  }
}
