export interface ImportSum { rows: number; created: number; updated: number; unchanged: number; refused: number }
export interface ImportFault { row: number; code: string; field: string | null; detail: string }
export interface ImportAnswer extends ImportSum { dry_run: boolean; written: boolean; errors: ImportFault[] }
export interface Piece { text: string; offset: number }

/** A CSV text in pieces of so many lines, each with the header; a line break inside of quotes is no end of a row.
 * Rows are counted as a spreadsheet does: `offset` is what to add to a piece's own numbers. */
export function cutFile(text: string, most: number): Piece[] {
  const lines: string[] = []
  let from = 0
  let quoted = false
  const clean = text.startsWith('\ufeff') ? text.slice(1) : text
  for (let i = 0; i < clean.length; i++) {
    if (clean[i] === '"') quoted = !quoted
    if (clean[i] === '\n' && !quoted) {
      lines.push(clean.slice(from, i + 1))
      from = i + 1
    }
  }
  if (from < clean.length) lines.push(`${clean.slice(from)}\n`)
  const [head = '', ...rows] = lines
  if (rows.length <= most) return [{ text: clean, offset: 0 }]
  const pieces: Piece[] = []
  let offset = 0
  for (let i = 0; i < rows.length; i += most) {
    const part = rows.slice(i, i + most)
    pieces.push({ text: head + part.join(''), offset })
    offset += part.length
  }
  return pieces
}
