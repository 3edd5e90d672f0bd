import { computed } from 'vue'
import { createI18n } from 'vue-i18n'
import zh from './locales/zh-CN.json'
import type { Words } from './logic/sentence'

export type Locale = 'zh-CN' | 'en'
export const locales: Locale[] = ['zh-CN', 'en']

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN' as Locale,
  fallbackLocale: false as const,
  messages: { 'zh-CN': zh } as Record<string, typeof zh>,
  missingWarn: false,
  fallbackWarn: false,
})

const { t, te, tm } = i18n.global

export async function setLocale(locale: Locale): Promise<void> {
  if (locale !== 'zh-CN' && !i18n.global.availableLocales.includes(locale)) {
    i18n.global.setLocaleMessage(locale, (await import('./locales/en.json')).default as typeof zh)
  }
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
}

/** A code's word; a code that has none is shown itself. */
export const word = (prefix: string, code: string | null | undefined, values: Record<string, unknown> = {}): string => {
  if (!code) return ''
  const key = `${prefix}.${code}`
  return te(key) ? t(key, values) : code
}

export const sentenceWords = computed<Words>(() => ({
  te: (key) => te(key),
  t: (key, values) => t(key, values),
  raw: (key) => {
    void i18n.global.locale.value
    const text = key.split('.').reduce<unknown>(
      (node, name) => (node as Record<string, unknown> | undefined)?.[name], i18n.global.getLocaleMessage(i18n.global.locale.value),
    )
    return typeof text === 'string' ? text : String(tm(key))
  },
}))
