import { createRouter, createWebHistory } from 'vue-router'
import { i18n } from './i18n'
import DutyPage from './pages/DutyPage.vue'
import LostPage from './pages/LostPage.vue'
import SignInPage from './pages/SignInPage.vue'
import { screens } from './screens'
import { can, isGuard, isHost, isWorker, loadSession, session } from './stores/session'

const home = (): string => (session.me?.posts.length === 0 ? '/me' : isHost.value ? '/visits' : isGuard.value ? '/gates' : isWorker.value ? '/work' : screens.find((s) => can(s.permission))?.path ?? '/more')

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'home', component: LostPage },
    { path: '/sign-in', name: 'sign_in', component: SignInPage, meta: { bare: true } },
    { path: '/password', name: 'password', component: () => import('./pages/PasswordPage.vue'), meta: { bare: true } },
    { path: '/duty', name: 'duty', component: DutyPage },
    { path: '/map', name: 'map', component: () => import('./pages/MapPage.vue') },
    { path: '/gates', name: 'gates', component: () => import('./pages/GatesPage.vue') },
    { path: '/gates/codes', name: 'codes', component: () => import('./pages/CodesPage.vue') },
    { path: '/visits', name: 'visits', component: () => import('./pages/VisitsPage.vue') },
    { path: '/visit', name: 'visit', component: () => import('./pages/VisitPage.vue'), meta: { bare: true, open: true } },
    { path: '/places', name: 'places', component: () => import('./pages/PlacesPage.vue') },
    { path: '/devices', name: 'devices', component: () => import('./pages/DevicesPage.vue') },
    { path: '/rules', name: 'rules', component: () => import('./pages/RulesPage.vue') },
    { path: '/shifts', name: 'shifts', component: () => import('./pages/ShiftsPage.vue') },
    { path: '/registers', name: 'registers', component: () => import('./pages/RegistersPage.vue') },
    { path: '/me', name: 'me', component: () => import('./pages/OwnPage.vue') },
    { path: '/work', name: 'work', component: () => import('./pages/WorkPage.vue') },
    { path: '/more', name: 'more', component: () => import('./pages/MorePage.vue') },
    { path: '/:rest(.*)*', name: 'lost', component: LostPage },
  ],
})

router.beforeEach(async (to) => {
  // A visitor at the poster has no account, and none is looked for.
  if (to.meta.open) return true
  if (session.state === 'unknown') {
    try {
      await loadSession()
    } catch {
      // The sign-in page says that the server does not answer.
      session.state = 'out'
    }
  }
  if (session.state === 'out') {
    return to.name === 'sign_in' ? true : { name: 'sign_in', query: to.path === '/' ? {} : { to: to.fullPath } }
  }
  if (session.me?.must_change_password && to.name !== 'password') return { name: 'password' }
  if (to.name === 'sign_in' || to.name === 'home') return home()
  const screen = screens.find((s) => s.name === to.name)
  if (screen && !can(screen.permission)) return { name: 'lost', params: { rest: to.path.slice(1).split('/') }, replace: true }
  return true
})

router.afterEach((to) => {
  const { t } = i18n.global
  document.title = t('page_title', { screen: t(`screen.${String(to.name)}`) })
})
