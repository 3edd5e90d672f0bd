import { computed, reactive, shallowRef } from 'vue'
import { get, lastAnswerAt } from '../api'
import type { Board } from '../entities'
import { now } from './clock'
import { live, onChange } from './live'

export const board = shallowRef<Board | null>(null)
const heart = reactive({ failed: false })

const pulseEvery = 10_000
const silentAfter = 25_000
let timer: ReturnType<typeof setTimeout> | undefined

/** The board is also the page's pulse: it tells a quiet feed from a dead line. */
async function pulse(): Promise<void> {
  clearTimeout(timer)
  try {
    board.value = await get<Board>('watch/board')
    heart.failed = false
  } catch {
    heart.failed = true
  } finally {
    timer = setTimeout(pulse, pulseEvery)
  }
}

let stop: (() => void)[] = []

export function startBoard(): void {
  if (stop.length > 0) return
  stop = [onChange('watch.alert', pulse), onChange('dispatch.shift', pulse), onChange('sensing.device', pulse)]
  void pulse()
}

export function stopBoard(): void {
  clearTimeout(timer)
  stop.forEach((end) => end())
  stop = []
  board.value = null
}

export const offline = computed(() => {
  const old = lastAnswerAt.value !== null && now.value - lastAnswerAt.value > silentAfter
  return heart.failed || old || (!live.open && live.lost_at !== null && now.value - live.lost_at > 3000)
})

/** When the page's figures were true. */
export const dataAsOf = computed(() => lastAnswerAt.value)
