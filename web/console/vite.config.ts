/// <reference types="vitest/config" />
import { defineConfig } from 'vite'
import vue from '@vitejs/plugin-vue'

// The policy header admits no data: picture; the library's ticks are drawn by our own style.
const dropDataPictures = {
  postcssPlugin: 'drop-data-pictures',
  Declaration(declaration: { value: string; remove(): void }) {
    if (declaration.value.includes('data:')) declaration.remove()
  },
}

export default defineConfig({
  plugins: [vue()],
  css: { postcss: { plugins: [dropDataPictures] } },
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: ['chrome109', 'firefox115', 'safari16.4'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': process.env.JIUAN_URL ?? 'http://127.0.0.1:8790' } },
  test: {
    environment: 'jsdom',
    include: ['test/**/*.spec.ts'],
    server: { deps: { inline: ['element-plus'] } },
  },
})
