import qrcode from 'qrcode-generator'

export interface QrPicture {
  /** Modules on a side, with the quiet zone of four around. */
  size: number
  path: string
}

/** One path of squares for an SVG: our policy admits no data: picture, and no canvas is needed. */
export function qrOf(text: string): QrPicture {
  const code = qrcode(0, 'M')
  code.addData(text, 'Byte')
  code.make()
  const n = code.getModuleCount()
  let path = ''
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      if (!code.isDark(y, x)) continue
      let wide = 1
      while (x + wide < n && code.isDark(y, x + wide)) wide++
      path += `M${x + 4} ${y + 4}h${wide}v1h-${wide}z`
      x += wide
    }
  }
  return { size: n + 8, path }
}
