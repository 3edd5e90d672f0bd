import { reactive, watch } from 'vue'
import { locales, setLocale, type Locale } from '../i18n'

export type Theme = 'auto' | 'light' | 'dark'
export const themes: Theme[] = ['auto', 'light', 'dark']

interface Preferences {
  theme: Theme
  locale: Locale
  volume: number
  keys: boolean
  text: number
}

const storeName = 'jiuan.preferences'
const first: Preferences = { theme: 'auto', locale: 'zh-CN', volume: 0.6, keys: true, text: 100 }

function stored(): Preferences {
  try {
    const kept = { ...first, ...JSON.parse(localStorage.getItem(storeName) ?? '{}') } as Preferences
    return locales.includes(kept.locale) && themes.includes(kept.theme) ? kept : { ...first }
  } catch {
    return { ...first }
  }
}

export const preferences = reactive<Preferences>(stored())

const dark = window.matchMedia?.('(prefers-color-scheme: dark)')

export const isDark = (): boolean =>
  preferences.theme === 'dark' || (preferences.theme === 'auto' && Boolean(dark?.matches))

function paint(): void {
  const root = document.documentElement
  root.dataset.theme = isDark() ? 'dark' : 'light'
  root.classList.toggle('dark', isDark())
  root.style.setProperty('--text-scale', String(preferences.text / 100))
}

export async function applyPreferences(): Promise<void> {
  paint()
  dark?.addEventListener('change', paint)
  watch(preferences, (now) => {
    paint()
    void setLocale(now.locale)
    localStorage.setItem(storeName, JSON.stringify(now))
  })
  await setLocale(preferences.locale)
}
