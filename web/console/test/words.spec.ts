import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'

type Tree = { [name: string]: string | Tree }

const flat = (tree: Tree, before = ''): [string, string][] => Object.entries(tree).flatMap(([name, value]) =>
  typeof value === 'string' ? [[before + name, value] as [string, string]] : flat(value, `${before}${name}.`))

const source = join(process.cwd(), 'src')
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(vue|ts)$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => ({ name, text: readFileSync(join(source, name), 'utf8') }))

const zhWords = flat(zh)
const enWords = flat(en as Tree)
const keys = new Set(zhWords.map(([key]) => key))
const all = files.map((f) => f.text).join('\n')

const whole = new Set([...all.matchAll(/'([a-z_]+(?:\.[A-Za-z0-9_-]+)+)'|\bt\('([a-z_]+)'[,)]/g)].map((m) => m[1] ?? m[2]!))
const starts = [
  ...[...all.matchAll(/\b(?:t|te|word)\(`([\w.]+?)\$\{/g)].map((m) => m[1]!),
  ...[...all.matchAll(/\bword\('(\w+)'/g)].map((m) => `${m[1]}.`),
  'question.', 'outcome.', 'refuse_reason.', 'proof.', 'purpose.', 'problem.',
]

describe('the words', () => {
  it('have the same keys and the same values to fill in, in both languages', () => {
    expect(enWords.map(([key]) => key)).toEqual(zhWords.map(([key]) => key))
    const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort()
    for (const [i, [key, text]] of zhWords.entries()) expect([key, holes(enWords[i]![1])]).toEqual([key, holes(text)])
  })

  it('are all there', () => {
    const asked = [...all.matchAll(/\bt\(\s*'([\w.]+)'/g)].map((m) => m[1]!)
    expect(asked.filter((key) => !keys.has(key))).toEqual([])
  })

  it('are all used', () => {
    const unused = [...keys].filter((key) => !whole.has(key) && !starts.some((start) => key.startsWith(start)))
    expect(unused).toEqual([])
  })

  it('stand in the word files only', () => {
    const code = files.map((f) => ({ name: f.name, text: f.text.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|(?<=^|\s)\/\/.*$/gm, '').replace(/<style[\s\S]*<\/style>/, '') }))
    expect(code.filter((f) => /[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]/.test(f.text)).map((f) => f.name)).toEqual([])
    const literal = />\s*([A-Za-z]{3,}(?: [A-Za-z]+)+)\s*</
    const templates = code.filter((f) => f.name.endsWith('.vue')).map((f) => ({ name: f.name, text: f.text.slice(f.text.indexOf('<template>')) }))
    expect(templates.filter((f) => literal.test(f.text)).map((f) => [f.name, literal.exec(f.text)?.[1]])).toEqual([])
  })
})
