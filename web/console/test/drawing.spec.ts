import { describe, expect, it } from 'vitest'
import type { Device } from '../src/entities'
import { cameraBody, cameraWords, daysSince, missingOf } from '../src/logic/camera'
import { cornersOf, fit, fromStored, newShape, spot, toStored, type Drawing, type Spot } from '../src/logic/drawing'

/** A camera 2 m up, 40 m away, pitched up 33 degrees: where a height lies in the picture, as a fraction. */
function y(height: number, x: number): Spot {
  const [pitch, focal, far] = [(33 * Math.PI) / 180, 1303 / 1080, 40]
  const up = height - 2
  const depth = far * Math.cos(pitch) + up * Math.sin(pitch)
  const v = up * Math.cos(pitch) - far * Math.sin(pitch)
  return [0.5 + ((focal * x) / depth) * (1080 / 1920), 0.5 - (focal * v) / depth]
}
function facade(floors: number[], jitter = 0): Drawing {
  return {
    floor_height_m: 3, aspect: 16 / 9,
    shapes: floors.map((floor, i) => ({
      kind: 'line', floor,
      spots: [y((floor - 1) * 3, -10), y((floor - 1) * 3, 10)].map(([a, b], k): Spot => [a, b + ((i + k) % 2 ? jitter : -jitter) / 1080]),
    })),
  }
}

describe('the fit of floor lines', () => {
  it('is exact for a true camera', () => {
    const f = fit(facade([3, 6, 9, 12, 15]))!
    expect(f.residual_px).toBeLessThan(0.5)
    const [a, b, c] = f.line(21) // floor 8, never drawn
    const [px, py] = y(21, 4)
    expect((Math.abs(a * px + b * py + c) / Math.hypot(a / (16 / 9), b)) * 1080).toBeLessThan(1)
  })
  it('says how far drawn lines are off', () => {
    const d = facade([3, 6, 9, 12, 15])
    d.shapes[2]!.spots = d.shapes[2]!.spots.map(([a, b]): Spot => [a, b + 20 / 1080])
    const f = fit(d)!
    expect(f.residual_px).toBeGreaterThan(3)
    expect(f.residuals.length).toBe(5)
  })
  it('needs three different floors', () => {
    expect(fit(facade([3, 6]))).toBeNull()
    expect(fit(facade([3, 3, 6, 6]))).toBeNull()
    expect(fit(facade([]))).toBeNull()
  })
})

describe('what is stored', () => {
  it('comes back as it was drawn', () => {
    const d = facade([3, 6, 9])
    d.shapes = [...d.shapes.map((s) => ({ ...s, spots: s.spots.map(([a, b]) => spot(a, b)) })), ...(['edge', 'zone', 'ignore', 'lane', 'window'] as const).map((kind) => newShape(kind, 0))]
    const back = fromStored(toStored(d) as never)
    expect(back).toEqual(d)
  })
  it('has no calibration with two lines, and keeps to the picture', () => {
    expect(toStored(facade([3, 6])).calibration).toBeUndefined()
    expect(spot(-1, 2)).toEqual([0, 1])
    expect(fromStored(null).shapes).toEqual([])
  })
  it('begins with shapes the server takes', () => {
    for (const kind of ['line', 'edge', 'zone', 'ignore', 'lane', 'window'] as const) {
      for (let n = 0; n < 10; n++) {
        const s = newShape(kind, n)
        expect(s.spots.length).toBeGreaterThanOrEqual(cornersOf(kind).least)
        expect(s.spots.length).toBeLessThanOrEqual(cornersOf(kind).most)
        expect(s.spots.flat().every((v) => v >= 0 && v <= 1)).toBe(true)
      }
    }
  })
})

describe('what a camera needs', () => {
  const camera = { legal_basis: 'law', sign_record: ' ', field_of_view: null, filed_at: '2026-03-01T00:00:00Z' } as Device
  it('names what is missing', () => expect(missingOf(camera)).toEqual(['sign_record', 'field_of_view']))
  it('takes empty words away', () => {
    expect(cameraBody({ ...cameraWords(camera), sign_record: ' S-1 ' })).toEqual({ legal_basis: 'law', sign_record: 'S-1', field_of_view: null, filed_at: '2026-03-01T00:00:00Z' })
  })
  it('counts days of the filing clock', () => expect(daysSince('2026-03-01T00:00:00Z', Date.parse('2026-03-31T12:00:00Z'))).toBe(30))
})
