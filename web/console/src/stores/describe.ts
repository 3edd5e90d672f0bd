import { shallowReactive } from 'vue'
import { get, Problem } from '../api'
import type { EntityDescription } from '../logic/entity'
import { session } from './session'

/** What the server says its entities are; permissions in it are the caller's, so it is read once a person. */
export const described = shallowReactive({
  all: new Map<string, EntityDescription>(),
  problem: null as Problem | null,
  of: null as string | null,
})

export async function loadDescribe(): Promise<void> {
  const me = session.me?.person.id ?? ''
  if (described.of === me) return
  described.of = me
  try {
    const answer = await get<{ entities: EntityDescription[] }>('describe')
    described.all = new Map(answer.entities.map((e) => [e.entity, e]))
    described.problem = null
  } catch (error) {
    described.of = null
    described.problem = error instanceof Problem ? error : new Problem(0, 'unknown')
  }
}
