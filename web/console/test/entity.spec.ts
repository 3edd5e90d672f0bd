import { describe, expect, it } from 'vitest'
import { bodyOf, columnsOf, faultOf, inputsOf, stepsOf, takesOf, type AnyRow, type EntityDescription, type FieldDescription } from '../src/logic/entity'
import { cutFile } from '../src/logic/import'
import { heldOf } from '../src/logic/own'

const field = (name: string, type: FieldDescription['type'], extra: Partial<FieldDescription> = {}): FieldDescription =>
  ({ name, type, class: 'P1', required: false, writable: true, at_creation: true, filter: false, ...extra })

const entity: EntityDescription = {
  entity: 'people.vehicle', create: true, update: true, reveal: true, state: 'state', keep_days: 30, sorts: [],
  fields: [
    field('id', 'id', { writable: false, at_creation: false }), field('version', 'int', { writable: false, at_creation: false }),
    field('person_id', 'ref', { class: 'P2', target: 'people.person' }), field('charging_place_id', 'ref', { target: 'places.place' }),
    field('kind', 'enum', { words: ['car', 'e_bike'], required: true, writable: false }), field('plate', 'text', { class: 'P2', min: 4, max: 12 }),
    field('n', 'int', { min: 1, max: 50 }), field('from_at', 'time'), field('state', 'enum', { words: ['live', 'retired'], writable: false, at_creation: false }),
    field('note', 'text', { min: 2, max: 500, writable: false, at_creation: false }),
  ],
  steps: [
    { verb: 'retire', from: ['live'], to: 'retired', takes: [], allowed: true },
    { verb: 'settle', from: ['live'], to: null, takes: ['?n', 'note'], allowed: true },
    { verb: 'confirm', from: ['live'], to: null, takes: [], allowed: false },
  ],
}
const row = (state: string): AnyRow => ({ id: 'x', version: 1, created_at: '', updated_at: '', state })

describe('a described entity', () => {
  it('shows facts in a table and asks in a form for what may be given', () => {
    expect(columnsOf(entity).map((f) => f.name)).toEqual(['kind', 'n', 'from_at', 'state', 'note'])
    expect(columnsOf(entity, ['plate', 'nothing']).map((f) => f.name)).toEqual(['plate'])
    expect(inputsOf(entity, null).map((f) => f.name)).toEqual(['charging_place_id', 'kind', 'plate', 'n', 'from_at'])
    expect(inputsOf(entity, row('live'), ['n']).map((f) => f.name)).toEqual(['charging_place_id', 'plate', 'from_at'])
  })

  it('offers the steps of the state that the caller may take', () => {
    expect(stepsOf(entity, row('live')).map((s) => s.verb)).toEqual(['retire', 'settle'])
    expect(stepsOf(entity, row('retired'))).toEqual([])
    expect(takesOf(entity, entity.steps[1]!).map((f) => [f.name, f.optional])).toEqual([['n', true], ['note', false]])
  })

  it('says what is wrong before anything is sent, at each border', () => {
    const at = (name: string, text: string): string | null => faultOf(entity.fields.find((f) => f.name === name)!, text)
    expect(['123', '1234', '123456789012', '1234567890123'].map((s) => at('plate', s))).toEqual(['wrong_length', null, null, 'wrong_length'])
    expect(['0', '1', '50', '51', '1.5', 'x', ''].map((s) => at('n', s))).toEqual(['out_of_range', null, null, 'out_of_range', 'wrong_type', 'wrong_type', null])
    expect(at('kind', ' ')).toBe('required')
    expect([at('from_at', '2026-03-12T10:00'), at('from_at', 'soon')]).toEqual([null, 'bad_time'])
    expect(faultOf(field('safety', 'json'), '{')).toBe('bad_json')
  })

  it('sends what was given or changed, and an emptied field as nothing', () => {
    const fields = entity.fields
    expect(bodyOf(fields, { kind: 'car', plate: ' A1234 ', n: '', from_at: '' })).toEqual({ kind: 'car', plate: 'A1234' })
    expect(bodyOf(fields, { plate: '', n: '7' }, { plate: 'A1234', n: '7' })).toEqual({ plate: null })
  })
})

describe('a file in pieces', () => {
  it('keeps the header and the numbers of the rows', () => {
    const text = `\ufeffdwelling,name\n${Array.from({ length: 5 }, (_, i) => `3-2-${i},x`).join('\n')}`
    const pieces = cutFile(text, 2)
    expect(pieces.map((p) => [p.offset, p.text.split('\n').length - 2])).toEqual([[0, 2], [2, 2], [4, 1]])
    expect(pieces.every((p) => p.text.startsWith('dwelling,name\n'))).toBe(true)
    expect(cutFile('a\nb\n', 2)).toEqual([{ text: 'a\nb\n', offset: 0 }])
  })

  it('does not cut a row in two', () => {
    expect(cutFile('a,b\n"x\ny",1\n2,"z\n"\n3,4\n', 1).map((p) => p.text)).toEqual(['a,b\n"x\ny",1\n', 'a,b\n2,"z\n"\n', 'a,b\n3,4\n'])
  })
})

describe('what is held', () => {
  it('is told by table, with purpose and clock, without empty tables', () => {
    const held = heldOf(
      { exported_at: 'now', people_vehicle: [{ id: 'x', version: 1, plate: 'A', note: null }], people_care: [], looks: [{ id: 'y' }] },
      [{ table: 'people_vehicle', column: 'plate', class: 'P2', purpose: 'parking', basis: 'duty', keep_days: 30 }],
    )
    expect(held).toEqual([{ table: 'people_vehicle', rows: [{ id: 'x', version: 1, plate: 'A', note: null }], purpose: 'parking', basis: 'duty', keep_days: 30, columns: ['plate'] }])
  })
})
