import { beforeEach, describe, expect, it } from 'vitest'
import type { Outline } from '../src/entities'
import {
  addDoorway, addLine, addPolygon, degree, faultsOf, footOf, gapsOf, joinNext, lengthOf, metres, moveVertex, removeVertex, reverse,
  snapped, splitAt, splitNear, type Drawing,
} from '../src/logic/edge'
import type { Point } from '../src/logic/geo'
import { keptOf, useDraft } from '../src/stores/draft'

const empty: Drawing = { segments: [], entrances: [] }
const square: Point[] = [[115.9, 28.68], [115.904, 28.68], [115.904, 28.683], [115.9, 28.683]]
const drawn = addPolygon(empty, square, 'wall')

describe('an edge', () => {
  it('is measured in metres', () => {
    // 0.01 degree of latitude at 28.68 N is 1,108 m on the ellipsoid
    expect(Math.abs(metres([115.9, 28.68], [115.9, 28.69]) - 1108)).toBeLessThan(5)
    expect(Math.abs(lengthOf(drawn.segments[0]!.line) - 2 * (390.9 + 332.5))).toBeLessThan(5)
  })

  it('of a polygon is closed, and stays so when it is split and its corners are moved', () => {
    expect(drawn.segments[0]!.line.length).toBe(5)
    expect(gapsOf(drawn)).toEqual([])
    let d = splitAt(drawn, 0, 1)
    d = splitAt(d, 1, 2)
    expect(d.segments.length).toBe(3)
    expect(gapsOf(d)).toEqual([])
    d = moveVertex(d, 1, 0, [115.9045, 28.6795])
    expect(d.segments[0]!.line.at(-1)).toEqual([115.9045, 28.6795])
    expect(d.segments[1]!.line[0]).toEqual([115.9045, 28.6795])
    expect(gapsOf(d)).toEqual([])
    // The point where the ring closes is one point as well.
    d = moveVertex(d, 0, 0, [115.8995, 28.6795])
    expect(d.segments[2]!.line.at(-1)).toEqual([115.8995, 28.6795])
    expect(gapsOf(d)).toEqual([])
  })

  it('says where it is open, and a line drawn next goes there, turned as needed', () => {
    let d = addLine(empty, square.slice(0, 3), 'fence')
    expect(gapsOf(d).map((g) => [g.from, g.to])).toEqual([[1, 1]])
    d = addLine(d, [square[0]!, square[3]!, square[2]!], 'water')
    expect(d.segments.map((s) => s.kind)).toEqual(['fence', 'water'])
    expect(d.segments[1]!.line[0]).toEqual(square[2])
    expect(gapsOf(d)).toEqual([])
    expect(gapsOf(reverse(d, 1)).length).toBe(2)
  })

  it('is split where it is clicked and joined again', () => {
    const d = splitNear(drawn, [115.902, 28.67995])
    expect(d.segments.length).toBe(2)
    expect(d.segments[0]!.line.at(-1)).toEqual([115.902, 28.68])
    expect(joinNext(d, 0).segments[0]!.line.length).toBe(6)
    expect(splitAt(drawn, 0, 0)).toBe(drawn)
    expect(removeVertex(addLine(empty, square.slice(0, 2), 'wall'), 0, 0).segments[0]!.line.length).toBe(2)
  })

  it('draws points to its corners, then to its sides', () => {
    expect(snapped(drawn, [115.90001, 28.68001], 3)).toEqual([115.9, 28.68])
    expect(snapped(drawn, [115.902, 28.68001], 3)).toEqual([115.902, 28.68])
    expect(snapped(drawn, [115.902, 28.6805], 3)).toEqual([115.902, 28.6805])
    expect(footOf(empty, [0, 0])).toBeNull()
  })

  it('is held against the same rules as on the server', () => {
    const d = addDoorway(addDoorway(drawn, square[0]!), square[1]!)
    expect(faultsOf(d)).toEqual([])
    const bad: Drawing = {
      segments: [{ ...d.segments[0]!, line: [square[0]!] }, { ...d.segments[0]!, built_on: '2025-02-30' }, { ...d.segments[0]!, ring: 20 }],
      entrances: [{ ...d.entrances[0]!, code: 'a b' }, { ...d.entrances[1]!, code: 'X' }, { ...d.entrances[1]!, code: 'X', people: false }],
    }
    expect(faultsOf(bad).map((f) => [f.list, f.index, f.field, f.code])).toEqual([
      ['segments', 0, 'line', 'too_short'], ['segments', 1, 'built_on', 'bad_day'], ['segments', 2, 'ring', 'out_of_range'],
      ['entrances', 0, 'code', 'bad_code'], ['entrances', 2, 'code', 'already_exists'], ['entrances', 2, 'people', 'required'],
    ])
    expect([degree('115.9', 180), degree('', 180), degree('181', 180), degree('x', 180)]).toEqual([115.9, null, null, null])
  })
})

describe('a draft', () => {
  const row = { id: 'o1', version: 3, number: 2, name: 'survey', segments: drawn.segments, entrances: [] } as unknown as Outline
  beforeEach(() => localStorage.clear())

  it('goes back 50 steps and no further', () => {
    const draft = useDraft(() => 'p1')
    draft.load(row)
    for (let i = 0; i < 60; i++) draft.edit(addDoorway(draft.drawing.value, square[0]!))
    expect(draft.drawing.value.entrances.length).toBe(60)
    for (let i = 0; i < 60; i++) draft.undo()
    expect(draft.drawing.value.entrances.length).toBe(10)
    expect(draft.canUndo.value).toBe(false)
    draft.redo()
    expect(draft.drawing.value.entrances.length).toBe(11)
  })

  it('is kept in the browser with the version it was drawn from, and forgotten once it is sent', () => {
    const draft = useDraft(() => 'p1')
    draft.load(row)
    expect(draft.dirty.value).toBe(false)
    draft.edit(addDoorway(draft.drawing.value, square[0]!))
    expect(keptOf('p1')).toMatchObject({ outline_id: 'o1', base_version: 3, base_number: 2, name: 'survey' })
    expect(keptOf('p2')).toBeNull()
    const again = useDraft(() => 'p1')
    again.load(row, keptOf('p1'))
    expect(again.drawing.value.entrances.length).toBe(1)
    expect(again.dirty.value).toBe(true)
    again.sent({ ...row, version: 4, entrances: again.drawing.value.entrances })
    expect(keptOf('p1')).toBeNull()
  })
})
