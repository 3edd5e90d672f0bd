/// <reference types="vite/client" />

declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

declare module '@tabler/icons-vue/dist/esm/icons/*.mjs' {
  import type { FunctionalComponent, SVGAttributes } from 'vue'
  const icon: FunctionalComponent<Partial<SVGAttributes> & { size?: number | string; stroke?: number | string }>
  export default icon
}

interface Window {
  trustedTypes?: {
    createPolicy(name: string, rules: Record<string, (input: string) => string | null>): unknown
  }
}
