import { shallowRef } from 'vue'
import { serverOffset } from '../api'

export const serverNow = (): number => Date.now() + serverOffset.value

/** Server time, renewed once a second: the one ticker of every age and ring on the page. */
export const now = shallowRef(serverNow())

function tick(): void {
  now.value = serverNow()
  setTimeout(tick, 1000 - (now.value % 1000) + 5)
}

export const startClock = tick
