import { onScopeDispose, shallowReactive, watch, type WatchSource } from 'vue'
import { Problem } from '../api'
import type { EntityName } from '../entities'
import { onChange, type Changes } from './live'

export interface Resource<T> {
  data: T | null
  problem: Problem | null
  loading: boolean
  reload(): Promise<void>
}

interface Options {
  /** Loads anew when one of these changes. */
  from?: WatchSource[]
  /** Loads anew when the feed tells of these. */
  on?: EntityName[]
  when?: (changes: Changes) => boolean
}

/** Loading, error, late answers and renewal, once for every read on every page. */
export function useResource<T>(load: (signal: AbortSignal) => Promise<T> | null, options: Options = {}): Resource<T> {
  let current: AbortController | null = null
  const resource = shallowReactive({
    data: null as T | null,
    problem: null as Problem | null,
    loading: false,
    async reload() {
      current?.abort()
      const mine = (current = new AbortController())
      const promise = load(mine.signal)
      if (!promise) {
        resource.data = null
        resource.loading = false
        return
      }
      resource.loading = true
      try {
        const data = await promise
        if (mine.signal.aborted) return
        resource.data = data
        resource.problem = null
      } catch (error) {
        if (mine.signal.aborted) return
        resource.problem = error instanceof Problem ? error : new Problem(0, 'unknown')
      } finally {
        if (current === mine) resource.loading = false
      }
    },
  })
  if (options.from) {
    watch(options.from, () => {
      resource.data = null
      void resource.reload()
    })
  }
  const ends = (options.on ?? []).map((entity) => onChange(entity, (changes) => {
    if (!options.when || options.when(changes)) void resource.reload()
  }))
  const back = (): void => void resource.reload()
  window.addEventListener('online', back)
  onScopeDispose(() => {
    window.removeEventListener('online', back)
    current?.abort()
    ends.forEach((end) => end())
  })
  void resource.reload()
  return resource
}
