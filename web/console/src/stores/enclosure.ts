import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { change, create, listAll, read, step } from '../api'
import type { Outline, Place } from '../entities'
import { faultsOf } from '../logic/edge'
import { useAction } from './action'
import { keptOf, useDraft } from './draft'
import { loadEdges } from './places'
import { useResource } from './resource'
import { can } from './session'

/** One enclosure on the desk: its versions, the draft in hand, and the way from draft to publication. */
export function useEnclosure(place: Ref<Place | null>) {
  const id = (): string => place.value?.id ?? ''
  const draft = useDraft(id)
  const action = useAction()
  const theirs = shallowRef<{ row: Outline; kind: 'draft' | 'published' } | null>(null)
  const kept = ref<{ name: string; saved_at: string; base_number: number | null } | null>(null)

  const versions = useResource(
    () => (place.value && can('places.survey.read') ? listAll('places.outline', { place_id: id(), sort: '-number' }) : null),
    { from: [() => place.value?.id], on: ['places.outline'] },
  )
  const published = computed(() => versions.data?.find((v) => v.state === 'published') ?? null)
  const inHand = computed(() => versions.data?.find((v) => v.state === 'draft' || v.state === 'checked') ?? null)

  /** Only when the place changes, or nothing is in hand: a version of others never replaces what is being drawn. */
  let loaded = ''
  watch(() => versions.data, (data) => {
    if (!data || (loaded === id() && (draft.dirty.value || draft.base.value))) return
    loaded = id()
    const local = keptOf(id())
    const base = (local && data.find((v) => v.id === local.outline_id)) ?? inHand.value ?? published.value
    kept.value = local
    draft.load(base ?? null, local)
    theirs.value = local && base && local.base_version !== null && base.version !== local.base_version ? { row: base, kind: 'draft' } : null
  })

  const open = (row: Outline): void => {
    theirs.value = null
    draft.load(row)
  }
  const isDraft = computed(() => draft.base.value?.state === 'draft' || draft.base.value?.state === 'checked')
  const faults = computed(() => faultsOf(draft.drawing.value))
  const primary = computed(() => (draft.dirty.value || !isDraft.value ? 'save' : draft.base.value?.state === 'checked' ? 'publish' : 'check'))

  /** A conflict comes with the row as it is now. */
  function noteConflict(): void {
    const { problem } = action
    const row = problem?.current as Outline | null
    if (!row?.id || !(problem!.status === 412 || problem!.code === 'base_moved')) return
    theirs.value = { row, kind: problem!.status === 412 ? 'draft' : 'published' }
    action.clear()
  }

  async function save(): Promise<boolean> {
    const { segments, entrances } = draft.drawing.value
    const body = { name: draft.name.value.trim() || null, segments, entrances }
    const row = await action.run((key) => (isDraft.value
      ? change('places.outline', draft.base.value!, body, key)
      : create('places.outline', { place_id: id(), ...body }, key)))
    noteConflict()
    if (!row) return false
    kept.value = null
    draft.sent(row)
    await versions.reload()
    return true
  }

  async function take(verb: 'check' | 'publish' | 'drop' | 'rebase'): Promise<void> {
    const row = await action.run((key) => step('places.outline', draft.base.value!, verb, {}, key))
    noteConflict()
    if (!row) return
    draft.sent(row)
    await versions.reload()
    if (verb === 'publish') await loadEdges(true)
    if (verb === 'drop') draft.load(published.value)
  }

  /** Mine over theirs, knowing both. */
  async function keepMine(): Promise<void> {
    const other = theirs.value
    theirs.value = null
    if (other?.kind === 'published') await take('rebase')
    else if (other) {
      draft.base.value = other.row
      await save()
    }
  }
  async function takeTheirs(): Promise<void> {
    const other = theirs.value!
    theirs.value = null
    draft.sent(await read('places.outline', other.row.id))
  }

  return { draft, action, versions, published, inHand, theirs, kept, isDraft, faults, primary, open, save, take, keepMine, takeTheirs }
}
