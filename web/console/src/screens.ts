import { IconBuildingCommunity, IconClipboardCheck, IconDeviceComputerCamera, IconDoorEnter, IconDots, IconFilter, IconHome, IconMap2, IconUrgent, IconUserCheck, IconUsers } from './icons'

export interface Screen {
  name: string
  path: string
  icon: typeof IconMap2
  /** Without it the entry is absent. */
  permission: string
  rail: boolean
}

/** Every screen of the console: rail, "more" page, go keys and routes read this table. */
export const screens: Screen[] = [
  { name: 'duty', path: '/duty', icon: IconUrgent, permission: 'watch.alert.ack', rail: true },
  { name: 'map', path: '/map', icon: IconMap2, permission: 'places.place.read', rail: true },
  { name: 'gates', path: '/gates', icon: IconDoorEnter, permission: 'access.gate', rail: true },
  { name: 'codes', path: '/gates/codes', icon: IconDoorEnter, permission: 'access.visit.read', rail: false },
  { name: 'places', path: '/places', icon: IconBuildingCommunity, permission: 'places.survey.read', rail: true },
  { name: 'work', path: '/work', icon: IconClipboardCheck, permission: 'dispatch.work', rail: true },
  { name: 'registers', path: '/registers', icon: IconHome, permission: 'people.register.read', rail: true },
  { name: 'visits', path: '/visits', icon: IconUserCheck, permission: 'access.host', rail: true },
  { name: 'devices', path: '/devices', icon: IconDeviceComputerCamera, permission: 'sensing.read', rail: true },
  { name: 'rules', path: '/rules', icon: IconFilter, permission: 'watch.rule.read', rail: true },
  { name: 'shifts', path: '/shifts', icon: IconUsers, permission: 'dispatch.read', rail: true },
]

export const moreScreen: Screen = { name: 'more', path: '/more', icon: IconDots, permission: '', rail: true }
