/** Hands bytes to the browser as a download. */

/** How long the browser may take to begin with it, ms. */
const RELEASE_MS = 30_000

export const saveFile = (name: string, bytes: Uint8Array): void => {
  const url = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_MS)
}
