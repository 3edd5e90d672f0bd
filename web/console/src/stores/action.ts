import { reactive } from 'vue'
import { newKey, Problem } from '../api'
import { offline } from './board'

export interface Action {
  busy: boolean
  problem: Problem | null
  /** Runs one write; until an answer came, a new try uses the same key. */
  run<T>(write: (key: string) => Promise<T>): Promise<T | undefined>
  clear(): void
}

export function useAction(): Action {
  let key: string | null = null
  const action = reactive({
    busy: false,
    problem: null as Problem | null,
    async run<T>(write: (key: string) => Promise<T>): Promise<T | undefined> {
      if (action.busy) return undefined
      if (offline.value) {
        action.problem = new Problem(0, 'offline')
        return undefined
      }
      action.busy = true
      action.problem = null
      key ??= newKey()
      try {
        const answer = await write(key)
        key = null
        return answer
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        action.problem = error
        if (!error.unanswered) key = null
        return undefined
      } finally {
        action.busy = false
      }
    },
    clear() {
      action.problem = null
      key = null
    },
  }) as Action
  return action
}
