import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'

export const mapWorkerUrl = workerUrl

const isMapWorker = (url: string): boolean =>
  new URL(url, location.href).href === new URL(workerUrl, location.href).href

/** Admits exactly the map worker's address and the empty string; everything else stays refused. */
export function installTrustedTypes(): void {
  window.trustedTypes?.createPolicy('default', {
    createHTML: (text) => (text === '' ? '' : null),
    createScriptURL: (url) => (isMapWorker(url) ? url : null),
  })
}
