export type DeskAction =
  | 'next' | 'previous' | 'select_next' | 'open' | 'back'
  | 'acknowledge' | 'dispatch' | 'send' | 'contact' | 'leave' | 'escalate'
  | 'merge' | 'silence' | 'note' | 'picture' | 'close' | 'call' | 'merge_new' | 'command' | 'help'

export interface KeyBinding {
  action: DeskAction
  codes: string[]
  shift?: boolean
  /** What stands on the key cap. */
  cap: string
}

/** The one table that binds the keys and writes the help. */
export const deskKeys: KeyBinding[] = [
  { action: 'next', codes: ['KeyJ', 'ArrowDown'], cap: 'J ↓' },
  { action: 'previous', codes: ['KeyK', 'ArrowUp'], cap: 'K ↑' },
  { action: 'select_next', codes: ['KeyJ', 'ArrowDown'], shift: true, cap: 'Shift J' },
  { action: 'open', codes: ['Enter', 'NumpadEnter'], cap: 'Enter' },
  { action: 'acknowledge', codes: ['KeyA'], cap: 'A' },
  { action: 'dispatch', codes: ['KeyD'], cap: 'D' },
  { action: 'send', codes: ['Digit1', 'Digit2', 'Digit3', 'Digit4', 'Digit5', 'Digit6', 'Digit7', 'Digit8', 'Digit9'], cap: '1–9' },
  { action: 'contact', codes: ['KeyC'], cap: 'C' },
  { action: 'leave', codes: ['KeyL'], cap: 'L' },
  { action: 'escalate', codes: ['KeyE'], cap: 'E' },
  { action: 'merge', codes: ['KeyM'], cap: 'M' },
  { action: 'silence', codes: ['KeyS'], cap: 'S' },
  { action: 'note', codes: ['KeyW'], cap: 'W' },
  { action: 'picture', codes: ['KeyP'], cap: 'P' },
  { action: 'close', codes: ['KeyX'], cap: 'X' },
  { action: 'call', codes: ['KeyO'], cap: 'O' },
  { action: 'merge_new', codes: ['KeyN'], cap: 'N' },
  { action: 'command', codes: ['Slash'], cap: '/' },
  { action: 'help', codes: ['Slash'], shift: true, cap: '?' },
  { action: 'back', codes: ['Escape'], cap: 'Esc' },
]

/** Second key after G: the screens of the rail. */
export const goKeys: Record<string, string> = {
  KeyD: 'duty', KeyM: 'map', KeyL: 'gates', KeyP: 'places', KeyH: 'registers', KeyV: 'devices', KeyR: 'rules', KeyS: 'shifts', KeyX: 'more',
}

export const capOf = (action: DeskAction): string => deskKeys.find((k) => k.action === action)!.cap

const typed = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]'

export const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest(typed) !== null

/** Buttons and links answer Enter and Space themselves. */
const ownsEnter = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, a[href], summary, [role=tab]') !== null

export interface KeyStroke {
  action: DeskAction
  digit: number
}

/** The code counts, not the letter: with a Chinese input method the letter is "Process". */
export function strokeOf(event: KeyboardEvent): KeyStroke | null {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null
  if (isTyping(event.target)) return null
  const binding = deskKeys.find((k) => k.codes.includes(event.code) && Boolean(k.shift) === event.shiftKey)
  if (!binding || (binding.action === 'open' && ownsEnter(event.target))) return null
  return { action: binding.action, digit: binding.action === 'send' ? Number(event.code.slice(-1)) : 0 }
}
