import { reactive, watch } from 'vue'
import { ringDue, tonesOf } from '../logic/tones'
import type { Alert, Severity } from '../entities'
import { now } from './clock'
import { open } from './alerts'
import { preferences } from './preferences'

export const sound = reactive({
  /** The operator took the seat here, so this tab should sound. */
  wanted: false,
  unlocked: false,
  /** Another tab of this browser sounds already. */
  elsewhere: false,
})

interface Rung { times: number; last: number }
const rung = new Map<string, Rung>()
let claimed = false
let context: AudioContext | null = null
let wakeLock: { release(): Promise<void> } | null = null

function tone(audio: AudioContext, frequency: number, at: number): void {
  const oscillator = audio.createOscillator()
  const gain = audio.createGain()
  oscillator.frequency.value = frequency
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(preferences.volume * 0.4, at + 0.02)
  gain.gain.linearRampToValueAtTime(0, at + 0.32)
  oscillator.connect(gain).connect(audio.destination)
  oscillator.start(at)
  oscillator.stop(at + 0.34)
}

export function play(severity: Severity): void {
  if (!context || sound.elsewhere) return
  tonesOf(severity).forEach((f, i) => tone(context!, f, context!.currentTime + i * 0.36))
}

const speaker = 'jiuan.sound'
const forGood = (): Promise<never> => {
  sound.elsewhere = false
  return new Promise(() => undefined)
}

/** One tab sounds: it holds a named lock; the next gets it when that tab closes. Back when it is known who sounds. */
function claimSpeaker(): Promise<void> {
  if (!navigator.locks) return Promise.resolve()
  return new Promise((known) => {
    void navigator.locks.request(speaker, { ifAvailable: true }, (lock) => {
      sound.elsewhere = !lock
      known()
      if (lock) return forGood()
      void navigator.locks.request(speaker, forGood)
      return undefined
    })
  })
}

async function keepScreenOn(): Promise<void> {
  try {
    wakeLock = (await navigator.wakeLock?.request('screen')) ?? null
  } catch {
    wakeLock = null
  }
}

/** Must run inside a click or key press: browsers open sound only there. */
export async function unlockSound(): Promise<void> {
  sound.wanted = true
  context ??= new AudioContext()
  await context.resume()
  sound.unlocked = context.state === 'running'
  if (sound.unlocked && !claimed) {
    claimed = true
    await claimSpeaker()
  }
  play('high')
  await keepScreenOn()
}

export async function muteSound(): Promise<void> {
  sound.wanted = false
  sound.unlocked = false
  await context?.suspend()
  await wakeLock?.release()
  wakeLock = null
}

function ring(alert: Alert): void {
  const kept = rung.get(alert.id) ?? { times: 0, last: 0 }
  if (!ringDue(alert.severity, kept.times, kept.last, now.value)) return
  rung.set(alert.id, { times: kept.times + 1, last: now.value })
  play(alert.severity)
}

watch(now, () => {
  if (!sound.unlocked) return
  const waiting = open.value.filter((a) => a.state === 'new' && !a.silenced)
  waiting.forEach(ring)
  const ids = new Set(waiting.map((a) => a.id))
  for (const id of rung.keys()) if (!ids.has(id)) rung.delete(id)
})
