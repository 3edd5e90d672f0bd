import { entranceStates } from './edge'

/** The word of each state, for a map that writes text itself. */
export const stateWords = (t: (key: string) => string): Record<string, string> =>
  Object.fromEntries(entranceStates.map((state) => [state, t(`entrance_state.${state}`)]))
