import { createApp } from 'vue'
import 'element-plus/theme-chalk/base.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/element.css'
import App from './App.vue'
import { i18n } from './i18n'
import { router } from './router'
import { startClock } from './stores/clock'
import { applyPreferences } from './stores/preferences'
import { installTrustedTypes } from './trusted-types'

installTrustedTypes()
startClock()
void applyPreferences().then(() => createApp(App).use(i18n).use(router).mount('#app'))
